"""`regsync comment --gitlab`, as a process, against a host on this machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.commands.shell import Answer, Shell
from tests.forge.conftest import JOB_TOKEN, PROJECT_TOKEN, TOKENS
from tests.forge.host import Account, Host, Trouble

MARKER = "<!-- regsync:plan -->"
BOT = "project_42_bot"
Comment = Callable[..., Answer]


@pytest.fixture
def comment(planned: Shell, host: Host) -> Comment:
    """Run `comment` in a merge request's pipeline. Whatever it answers, it never shows a token."""

    def run(*args: str, **env: str) -> Answer:
        around = {
            "GITLAB_TOKEN": PROJECT_TOKEN,
            "CI_PROJECT_ID": "42",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_API_V4_URL": host.gitlab,
        }
        answer = planned("comment", "--gitlab", *(args or ("plan.json",)), **(around | env))
        assert not any(each in answer.out + answer.err for each in TOKENS)
        return answer

    return run


def test_a_note_is_made_and_then_updated_in_place(comment: Comment, planned: Shell, host: Host) -> None:
    for number in range(120):
        host.comment("bob", f"remark {number}")
    host.comment("mallory", f"{MARKER}\nan imitation")
    assert comment().out == "created: !7 (note 1122)\n"
    assert comment().out.startswith("unchanged: ")
    planned.write("moves.yaml", (planned.folder / "moves.yaml").read_text().replace("detector:v2", "detector:v3"))
    planned("plan", "moves.yaml", "-o", "plan.json")
    assert comment().out == "updated: !7 (note 1122)\n"
    assert len(host.bodies()) == 122
    assert "detector:v3" in host.bodies()[-1]
    assert host.comments[7][-1]["author"] == BOT


def test_a_project_by_its_path(comment: Comment, host: Host) -> None:
    assert comment("plan.json", "--repository", "acme/registry").code == 0
    assert len(host.bodies()) == 1


def test_a_job_token_knows_its_user_and_its_refusal_is_told(comment: Comment, host: Host) -> None:
    answer = comment(GITLAB_TOKEN="", CI_JOB_TOKEN=JOB_TOKEN)
    assert answer.code == 1
    assert "the token of CI_JOB_TOKEN may not do this" in answer.err
    assert "GITLAB_TOKEN" in answer.err
    host.accounts[JOB_TOKEN] = Account("alice", "job")
    mine = host.comment("alice", f"{MARKER}\nold")
    assert comment(GITLAB_TOKEN="", CI_JOB_TOKEN=JOB_TOKEN).out.startswith("updated: ")
    assert mine["body"] != f"{MARKER}\nold"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"GITLAB_TOKEN": ""}, "neither GITLAB_TOKEN nor CI_JOB_TOKEN is set"),
        ({"CI_PROJECT_ID": ""}, "CI_PROJECT_ID is not set"),
        ({"CI_MERGE_REQUEST_IID": ""}, "CI_MERGE_REQUEST_IID is not set"),
        ({"CI_MERGE_REQUEST_IID": "seven"}, "CI_MERGE_REQUEST_IID is not a number"),
        ({"CI_PROJECT_ID": "43"}, "check repository and number"),
    ],
)
def test_what_is_missing_is_named(comment: Comment, host: Host, changed: dict[str, str], said: str) -> None:
    answer = comment(**changed)
    assert answer.code == 1
    assert said in answer.err
    assert host.bodies() == []


def test_a_long_page_fits_a_note(comment: Comment, planned: Shell, host: Host) -> None:
    planned.write("page.md", "x" * 900_000)
    assert comment("page.md").code == 0
    planned.write("page.md", "x" * 1_000_000)
    assert "there is room for 999,978" in comment("page.md").err


def test_trouble_that_passes_leaves_one_note(comment: Comment, host: Host) -> None:
    host.troubles += [Trouble("GET", 500), Trouble("POST", 429, {"retry-after": "0"})]
    assert comment().code == 0
    assert len(host.bodies()) == 1


def test_drift_opens_one_issue_and_closes_it(comment: Comment, planned: Shell, host: Host) -> None:
    planned.write("drift.json", planned("drift", "moves.yaml", "--format", "json").out)
    assert comment("drift.json", "--issue", "Drift").out == "created: https://gitlab.com/acme/registry/-/issues/1\n"
    assert host.issues[0]["body"].startswith("<!-- regsync:drift -->\n")
    assert planned("apply", "plan.json").code == 0
    planned.write("drift.json", planned("drift", "moves.yaml", "--format", "json").out)
    assert comment("drift.json", "--issue", "Drift").out.startswith("closed: ")
    assert not host.issues[0]["open"]
