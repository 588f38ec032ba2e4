"""Attacks on the review: what reaches production is what its reviewers saw, whoever can write where.

The attacker may push branches, upload artifacts, log versions with any metadata, and run the plan's job again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from regsync.core.canonical import digest_of
from tests.commands.shell import Answer, Shell
from tests.forge.conftest import PROJECT_TOKEN, WORKFLOW_TOKEN, host, planned
from tests.forge.host import Host, Json, running, zipped

__all__ = ["host", "planned", "running"]

HEAD, MERGE = "a1b2", "e5f6"
Fetch = Callable[[], Answer]


@pytest.fixture(params=["github", "gitlab"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def around(host: Host, name: str, planned: Shell) -> Iterator[dict[str, str]]:
    """The variables of a CI job; the comment that CI made for the honest plan; the merge."""
    found = {
        "GITHUB_TOKEN": WORKFLOW_TOKEN,
        "GITHUB_REPOSITORY": "acme/registry",
        "GITHUB_API_URL": host.github,
        "GITHUB_SHA": MERGE,
        "GITLAB_TOKEN": PROJECT_TOKEN,
        "CI_PROJECT_ID": "42",
        "CI_API_V4_URL": host.gitlab,
        "CI_COMMIT_SHA": MERGE,
    }
    assert planned("comment", f"--{name}", "--number", "7", "plan.json", **found).code == 0
    host.merges = {MERGE: {"number": 7, "head": HEAD, "at": "2026-01-02T12:00:00Z"}}
    keep(host, name, (planned.folder / "plan.json").read_bytes())
    yield found


@pytest.fixture
def fetch(planned: Shell, around: dict[str, str], name: str) -> Fetch:
    return lambda: planned("reviewed", f"--{name}", "-o", "fetched.json", **around)


def keep(host: Host, forge: str, data: bytes, **more: Any) -> None:
    """A run kept a plan."""
    host.kept.append(
        {"name": "regsync-plan", "number": 7, "head": HEAD, "data": zipped(data) if forge == "github" else data, **more}
    )


def forged(shell: Shell) -> tuple[bytes, str]:
    """The plan of other manifests, with the honest manifest block and a digest that fits."""
    shell.write("evil.yaml", (shell.folder / "moves.yaml").read_text().replace("detector:v1", "detector:v5"))
    assert shell("plan", "evil.yaml", "-o", "evil.json").code == 0
    document: Json = shell.json("evil.json") | {"manifest": shell.json("plan.json")["manifest"]}
    del document["digest"]
    document["digest"] = digest_of(document)
    return json.dumps(document).encode(), str(document["digest"])


def test_the_honest_plan_arrives(fetch: Fetch, planned: Shell) -> None:
    answer = fetch()
    assert (answer.code, answer.out) == (0, "7\n"), answer.err
    assert planned.json("fetched.json") == planned.json("plan.json")


def test_1_a_digest_quoted_in_the_comment_proves_nothing(fetch: Fetch, host: Host, name: str, planned: Shell) -> None:
    """It came from a version's metadata, say: everything below the second line may be a stranger's."""
    data, digest = forged(planned)
    for line in (digest, f"<!-- shown: {digest} -->", f"<!-- regsync:plan -->\n<!-- shown: {digest} -->"):
        host.comments[7][0]["body"] += f"\n{line}\n"
    keep(host, name, data, at="2026-01-01T11:00:00Z")
    answer = fetch()
    assert answer.code == 5
    assert "not one that its comment has shown" in answer.err


def test_1_a_comment_by_somebody_else_proves_nothing(fetch: Fetch, host: Host, name: str, planned: Shell) -> None:
    data, digest = forged(planned)
    host.comments[7].insert(0, host.comment("mallory", f"<!-- regsync:plan -->\n<!-- shown: {digest} -->\n"))
    keep(host, name, data, at="2026-01-01T11:00:00Z")
    assert fetch().code == 5


@pytest.mark.parametrize(
    "origin",
    [
        {"head": "0000"},
        {"event": "push"},
        {"event": "pull_request_target"},
        {"workflow": "evil.yml"},
        {"foreign": True},
    ],
    ids=lambda origin: next(iter(origin)) + "-" + str(next(iter(origin.values()))),
)
def test_1_a_file_of_another_origin_is_passed_over(
    fetch: Fetch, host: Host, name: str, planned: Shell, origin: Json
) -> None:
    """Newer than the honest one, and named like it: another head, event or workflow, or a fork's run."""
    if name == "gitlab" and "workflow" in origin:
        origin = {"name": "another-job"}
    keep(host, name, b"{}", **({"at": "2026-01-01T11:00:00Z"} | origin))
    answer = fetch()
    assert answer.code == 0, answer.err
    assert planned.json("fetched.json") == planned.json("plan.json")


def test_2_what_was_planned_after_the_merge_does_not_count(fetch: Fetch, host: Host, name: str, planned: Shell) -> None:
    """A source alias moved, and the job ran again: comment and artifact are newer than the merge."""
    before = planned.json("plan.json")
    data = replanned(planned, host, name, fetch)
    keep(host, name, data, at="2026-01-02T12:00:01Z")
    assert fetch().code == 0
    assert planned.json("fetched.json") == before


def test_2_what_was_planned_after_the_approval_does_not_count(
    fetch: Fetch, host: Host, name: str, planned: Shell
) -> None:
    before = planned.json("plan.json")
    host.approvals = [{"by": "alice", "at": "2026-01-01T12:00:00Z"}]
    data = replanned(planned, host, name, fetch)
    keep(host, name, data, at="2026-01-02T11:00:00Z")
    assert fetch().code == 0
    assert planned.json("fetched.json") == before


def test_2_an_approval_before_any_plan_of_the_head_approves_none(
    fetch: Fetch, host: Host, name: str, planned: Shell
) -> None:
    host.approvals = [{"by": "alice", "at": "2026-01-01T09:00:00Z"}]
    answer = fetch()
    assert answer.code == 5
    assert "last approved at 2026-01-01 09:00:00 UTC, before its plan was made" in answer.err
    assert not (planned.folder / "fetched.json").exists()


@pytest.mark.parametrize("name", ["github"], indirect=True)
def test_2_only_those_who_belong_to_the_repository_approve(host: Host, name: str, fetch: Fetch, planned: Shell) -> None:
    """On a public repository anybody can approve; a dismissed approval is none. GitLab lists only approvals that count."""
    before = planned.json("plan.json")
    host.approvals = [
        {"by": "alice", "at": "2026-01-01T12:00:00Z"},
        {"by": "mallory", "at": "2026-01-02T11:30:00Z", "association": "NONE"},
        {"by": "bob", "at": "2026-01-02T11:30:00Z", "state": "DISMISSED"},
        {"by": "alice", "at": "2026-01-02T13:00:00Z", "state": "COMMENTED"},
    ]
    keep(host, name, replanned(planned, host, name, fetch), at="2026-01-02T11:00:00Z")
    assert fetch().code == 0
    assert planned.json("fetched.json") == before


@pytest.mark.parametrize("name", ["gitlab"], indirect=True)
def test_2_older_gitlab_servers_tell_the_time_in_a_note(host: Host, name: str, fetch: Fetch) -> None:
    host.approvals = [{"by": "alice", "at": "", "silent": True}]
    imitation = host.comment("alice", "approved this merge request")
    imitation["at"] = "2026-01-02T00:00:00Z"
    answer = fetch()
    assert answer.code == 1
    assert "does not say when alice approved !7" in answer.err
    note = host.comment("alice", "approved this merge request")
    note |= {"system": True, "at": "2026-01-01T12:00:00Z"}
    assert fetch().code == 0


def replanned(planned: Shell, host: Host, name: str, fetch: Fetch) -> bytes:
    """The plan made again from what moved since, and the comment updated by CI."""
    planned.write("moves.yaml", (planned.folder / "moves.yaml").read_text().replace("detector:v2", "detector:v3"))
    assert planned("plan", "moves.yaml", "-o", "again.json").code == 0
    digest = planned.json("again.json")["digest"]
    body = host.comments[7][0]["body"]
    assert body.split("\n")[1] == f"<!-- shown: {planned.json('plan.json')['digest']} -->"
    host.comments[7][0]["body"] = body.replace("<!-- shown: ", f"<!-- shown: {digest} ", 1)
    return (planned.folder / "again.json").read_bytes()
