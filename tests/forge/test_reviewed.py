"""`regsync reviewed`: only the plan that the pull request's comment shows comes back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from tests.commands.shell import Answer, Shell
from tests.forge.conftest import PROJECT_TOKEN, TOKENS, WORKFLOW_TOKEN
from tests.forge.host import Host, Json, zipped

BOTS = {"github": "github-actions[bot]", "gitlab": "project_42_bot"}
Reviewed = Callable[..., Answer]


@pytest.fixture(params=["github", "gitlab"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def kept(planned: Shell, host: Host, name: str) -> Json:
    """Pull request 7 was merged as commit e5f6; its run kept the plan, and its comment shows it."""
    data = (planned.folder / "plan.json").read_bytes()
    digest = planned.json("plan.json")["digest"]
    host.merges = {"e5f6": {"number": 7, "head": "a1b2"}}
    host.comment(BOTS[name], f"<!-- regsync:plan -->\n<!-- shown: {digest} -->\nthe plan")
    packed = zipped(data) if name == "github" else data
    host.kept = [{"name": "regsync-plan", "number": 7, "head": "a1b2", "data": packed}]
    return host.kept[0]


@pytest.fixture
def reviewed(planned: Shell, host: Host, name: str) -> Reviewed:
    def run(*args: str, **env: str) -> Answer:
        around = {
            "GITHUB_TOKEN": WORKFLOW_TOKEN,
            "GITHUB_REPOSITORY": "acme/registry",
            "GITHUB_API_URL": host.github,
            "GITHUB_SHA": "e5f6",
            "GITLAB_TOKEN": PROJECT_TOKEN,
            "CI_PROJECT_ID": "42",
            "CI_API_V4_URL": host.gitlab,
            "CI_COMMIT_SHA": "e5f6",
        }
        answer = planned("reviewed", f"--{name}", "-o", "fetched.json", *args, **(around | env))
        assert not any(each in answer.out + answer.err for each in TOKENS)
        assert (planned.folder / "fetched.json").exists() == (answer.code == 0)
        return answer

    return run


def test_the_plan_comes_back_as_it_was(reviewed: Reviewed, kept: Json, planned: Shell) -> None:
    answer = reviewed()
    assert (answer.code, answer.out) == (0, "7\n"), answer.err
    assert (planned.folder / "fetched.json").read_bytes() == (planned.folder / "plan.json").read_bytes()
    assert planned("apply", "fetched.json", "--expect-manifests", "moves.yaml").code == 0


def test_another_plan_than_the_comment_shows_is_refused(reviewed: Reviewed, kept: Json, host: Host) -> None:
    host.comments[7][0]["body"] = f"<!-- regsync:plan -->\n<!-- shown: sha256:{'0' * 64} -->\nthe plan"
    answer = reviewed()
    assert answer.code == 5
    assert "not one that its comment has shown" in answer.err


def test_the_comment_of_somebody_else_proves_nothing(reviewed: Reviewed, kept: Json, host: Host) -> None:
    host.comments[7][0]["author"] = "mallory"
    assert reviewed().code == 5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda host: host.merges.clear(), "no pull request was merged as e5f6"),
        (lambda host: host.kept.clear(), "no plan named regsync-plan was kept for pull request 7"),
        (lambda host: host.merges["e5f6"].update(foreign=True), "came from a fork"),
        (lambda host: host.comments.pop(7), "not found"),
    ],
    ids=["pushed", "nothing-kept", "fork", "no-comments"],
)
def test_without_a_review_there_is_no_plan(
    reviewed: Reviewed, kept: Json, host: Host, change: Callable[[Host], object], said: str
) -> None:
    change(host)
    answer = reviewed()
    assert answer.code == 1
    assert said in answer.err


def test_what_is_missing_is_named(reviewed: Reviewed, name: str) -> None:
    variable = "GITHUB_SHA" if name == "github" else "CI_COMMIT_SHA"
    assert f"{variable} is not set" in reviewed(**{variable: ""}).err


def test_what_is_no_plan_is_refused(reviewed: Reviewed, kept: Json, name: str) -> None:
    for data in (b"", b"[]", b'{"digest": ""}', b"\xff"):
        kept["data"] = zipped(data) if name == "github" else data
        assert "what was kept is not a plan" in reviewed().err


@pytest.mark.parametrize("name", ["github"], indirect=True)
def test_only_artifacts_of_this_repository_and_of_the_head_count(
    reviewed: Reviewed, kept: Json, host: Host, planned: Shell
) -> None:
    evil = zipped(b"{}")
    host.kept += [
        {"name": "regsync-plan", "head": "a1b2", "data": evil, "foreign": True},
        {"name": "regsync-plan", "head": "0000", "data": evil},
        {"name": "regsync-plan", "head": "a1b2", "data": evil, "expired": True},
        {"name": "other", "head": "a1b2", "data": evil},
    ]
    assert reviewed().code == 0


@pytest.mark.parametrize("name", ["github"], indirect=True)
def test_an_archive_that_is_not_one_file_is_refused(reviewed: Reviewed, kept: Json) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("plan.json", "{}")
        archive.writestr("other.json", "{}")
    for data, said in ((buffer.getvalue(), "not one plan file"), (b"PK nonsense", "not a ZIP archive")):
        kept["data"] = data
        answer = reviewed()
        assert answer.code == 1
        assert said in answer.err
