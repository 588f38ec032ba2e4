"""`regsync comment --github`, as a process, against a host on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.shell import Answer, Shell
from tests.forge.conftest import FORK_TOKEN, MOVED, PERSONAL_TOKEN, TOKENS, WORKFLOW_TOKEN
from tests.forge.host import GITHUB_LIMIT, Host, Trouble

MARKER = "<!-- regsync:plan -->"
BOT = "github-actions[bot]"
Comment = Callable[..., Answer]


@pytest.fixture
def comment(planned: Shell, host: Host, event: Path) -> Comment:
    """Run `comment` in a job of a workflow. Whatever it answers, it never shows a token."""

    def run(*args: str, token: str = WORKFLOW_TOKEN, **env: str) -> Answer:
        around = {
            "GITHUB_TOKEN": token,
            "GITHUB_REPOSITORY": "acme/registry",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_API_URL": host.github,
        }
        answer = planned("comment", "--github", *(args or ("plan.json",)), **(around | env))
        assert not any(each in answer.out + answer.err for each in TOKENS)
        return answer

    return run


def test_a_comment_is_made_and_then_updated_in_place(comment: Comment, planned: Shell, host: Host) -> None:
    first = comment()
    assert (first.code, first.out) == (0, "created: https://github.com/acme/registry/pull/7#issuecomment-1001\n")
    assert host.bodies()[0].startswith(f"{MARKER}\n")
    assert MOVED in host.bodies()[0]
    assert host.comments[7][0]["author"] == BOT

    planned.write("moves.yaml", (planned.folder / "moves.yaml").read_text().replace("detector:v2", "detector:v3"))
    planned("plan", "moves.yaml", "-o", "plan.json")
    second = comment()
    assert second.out.startswith("updated: ")
    assert len(host.bodies()) == 1
    assert "detector:v3" in host.bodies()[0]

    writes = [each.method for each in host.seen if each.method != "GET"]
    assert comment().out.startswith("unchanged: ")
    assert [each.method for each in host.seen if each.method != "GET"] == writes == ["POST", "PATCH"]


def test_the_comment_is_found_behind_many_pages_of_others(comment: Comment, host: Host) -> None:
    for number in range(230):
        host.comment("bob", f"remark {number}")
    mine = host.comment(BOT, f"{MARKER}\nold")
    assert comment().out.startswith("updated: ")
    assert mine["body"] != f"{MARKER}\nold"
    pages = [each.query["page"] for each in host.seen if each.path.endswith("/issues/7/comments")]
    assert pages == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("author", "body"),
    [
        ("mallory", f"{MARKER}\nan imitation"),
        (BOT, f"quoted:\n\n{MARKER}\n"),
        (BOT, "<!-- regsync:plan-2 -->\nanother key"),
        ("", f"{MARKER}\nan account that is gone"),
    ],
)
def test_comments_of_others_and_of_other_keys_are_left_alone(
    comment: Comment, host: Host, author: str, body: str
) -> None:
    host.comment(author, body)
    assert comment().out.startswith("created: ")
    assert host.bodies()[0] == body


def test_a_personal_token_is_asked_who_it_belongs_to(comment: Comment, host: Host) -> None:
    mine = host.comment("alice", f"{MARKER}\r\nold")
    host.comment(BOT, f"{MARKER}\nthe workflow's")
    assert comment(token=PERSONAL_TOKEN).out.startswith("updated: ")
    assert "production" in mine["body"]


def test_another_key_is_another_comment(comment: Comment, host: Host) -> None:
    comment()
    assert comment("plan.json", "--key", "plan-europe").out.startswith("created: ")
    assert [body.partition("\n")[0] for body in host.bodies()] == [MARKER, "<!-- regsync:plan-europe -->"]


@pytest.mark.parametrize("key", ["Plan", "a --> b", "", "-a", "a" * 41])
def test_a_key_that_would_break_the_marker_is_refused(comment: Comment, host: Host, key: str) -> None:
    answer = comment("plan.json", "--key", key)
    assert answer.code == 1
    assert "--key" in answer.err
    assert not host.seen


def test_the_page_is_in_the_job_summary_even_where_nothing_can_be_posted(comment: Comment, planned: Shell) -> None:
    planned.write("summary.md", "earlier\n")
    answer = comment(token=FORK_TOKEN, GITHUB_STEP_SUMMARY=str(planned.folder / "summary.md"))
    assert answer.code == 1
    assert "token of GITHUB_TOKEN may not do this (Resource not accessible by integration)" in answer.err
    assert "from a fork" in answer.err
    summary = (planned.folder / "summary.md").read_text()
    assert summary.startswith("earlier\n")
    assert MOVED in summary


def test_a_token_that_only_reads_can_be_expected(comment: Comment, host: Host) -> None:
    answer = comment("plan.json", "--read-only-ok", token=FORK_TOKEN)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.startswith("not posted: GitHub: commenting on #7: ")
    assert host.bodies() == []


def test_a_large_plan_is_cut_to_the_limit_of_the_host(comment: Comment, planned: Shell, host: Host) -> None:
    aliases = "".join(f"          alias-{n:04}: acme-ml/fraud/detector:v{n % 6}\n" for n in range(2000))
    planned.write("moves.yaml", (planned.folder / "moves.yaml").read_text() + aliases)
    assert planned("plan", "moves.yaml", "-o", "plan.json", "--allow", "mass-change").code == 0
    assert comment().code == 0
    assert len(host.bodies()[0]) <= GITHUB_LIMIT
    assert comment("plan.json", "--limit", "3000").code == 0
    assert len(host.bodies()[0]) <= 3000
    assert "Not shown" in host.bodies()[0]


def test_ready_markdown_is_posted_as_it_is_or_refused_where_too_long(
    comment: Comment, planned: Shell, host: Host
) -> None:
    planned.write("page.md", "### hello\n")
    assert comment("page.md").code == 0
    assert host.bodies() == ["<!-- regsync:note -->\n### hello\n"]
    planned.write("page.md", "x" * GITHUB_LIMIT)
    answer = comment("page.md")
    assert answer.code == 1
    assert "page.md has 65,536 characters; there is room for 65,514" in answer.err
    assert len(host.bodies()) == 1


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("GITHUB_TOKEN", "GITHUB_TOKEN is not set"),
        ("GITHUB_REPOSITORY", "GITHUB_REPOSITORY is not set"),
        ("GITHUB_EVENT_PATH", "GITHUB_EVENT_PATH is not set"),
    ],
)
def test_a_missing_variable_is_named(comment: Comment, host: Host, variable: str, said: str) -> None:
    answer = comment(**{"plan.json": "", variable: ""})
    assert answer.code == 1
    assert said in answer.err
    assert "POST" not in host.methods()


def test_an_event_without_a_pull_request_asks_for_the_number(comment: Comment, event: Path, host: Host) -> None:
    event.write_text('{"ref": "refs/heads/main"}')
    answer = comment()
    assert answer.code == 1
    assert "--number" in answer.err
    assert comment("plan.json", "--number", "7").code == 0
    assert len(host.bodies()) == 1


def test_without_a_host_it_asks_for_one(planned: Shell) -> None:
    answer = planned("comment", "plan.json")
    assert answer.code == 1
    assert "--github or --gitlab" in answer.err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://github.example.com/api/v3", "unencrypted"),
        ("ftp://127.0.0.1", "not the address of an API"),
        ("https://user@github.example.com", "not the address of an API"),
    ],
)
def test_the_token_goes_to_no_address_that_others_can_read(comment: Comment, url: str, said: str) -> None:
    answer = comment(GITHUB_API_URL=url)
    assert answer.code == 1
    assert said in answer.err


def test_a_redirect_is_not_followed(comment: Comment, host: Host) -> None:
    host.troubles.append(Trouble("POST", 307, {"location": f"{host.url}/elsewhere"}))
    answer = comment()
    assert answer.code == 1
    assert "redirect" in answer.err
    assert not any(each.path.startswith("/elsewhere") for each in host.seen)


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("GET", 502),
        Trouble("GET", 429, {"retry-after": "0"}),
        Trouble("POST", 429, {"retry-after": "0"}),
        Trouble("POST", 403, {"retry-after": "0"}),
        Trouble("POST", 502),
        Trouble("POST", 502, carried_out=True),
    ],
    ids=["get-502", "get-429", "post-429", "post-403-rate", "post-502", "post-502-carried-out"],
)
def test_trouble_that_passes_leaves_one_comment(comment: Comment, host: Host, trouble: Trouble) -> None:
    host.troubles.append(trouble)
    assert comment().code == 0
    assert len(host.bodies()) == 1


def test_a_long_rate_limit_is_told_and_not_waited_for(comment: Comment, host: Host) -> None:
    host.troubles.append(Trouble("POST", 403, {"retry-after": "1800"}, body=b'{"message": "API rate limit exceeded"}'))
    answer = comment()
    assert answer.code == 1
    assert "it asks to wait 1800 s (API rate limit exceeded)" in answer.err


def test_a_host_that_stays_broken_is_given_up(comment: Comment, host: Host) -> None:
    host.troubles += [Trouble("GET", 503, body=b"<html>down</html>") for _ in range(4)]
    answer = comment()
    assert answer.code == 1
    assert "HTTP 503 (Service Unavailable)" in answer.err
    assert len(host.seen) == 4


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b'{"message": "Bad credentials"}', "pull-requests: write"),
        (404, b'{"message": "Not Found"}', "check repository and number"),
        (422, b'{"message": "Validation Failed", "errors": [{"message": "body is too long"}]}', "body is too long"),
        (201, b"<html>log in</html>", "not JSON"),
    ],
)
def test_refusals_say_what_to_do(comment: Comment, host: Host, status: int, body: bytes, said: str) -> None:
    host.troubles.append(Trouble("POST", status, body=body))
    answer = comment()
    assert answer.code == 1
    assert said in answer.err


def test_a_host_that_sends_the_token_back_does_not_get_it_shown(comment: Comment, host: Host) -> None:
    said = json.dumps({"message": f"bad token {WORKFLOW_TOKEN}"}).encode()
    host.troubles.append(Trouble("POST", 422, body=said))
    answer = comment()
    assert answer.code == 1
    assert "bad token [hidden]" in answer.err


@pytest.mark.parametrize("repository", ["acme", "acme/registry/../..", "acme/regi stry", "https://x/y"])
def test_what_is_no_repository_is_refused(comment: Comment, host: Host, repository: str) -> None:
    answer = comment(GITHUB_REPOSITORY=repository)
    assert answer.code == 1
    assert "OWNER/NAME" in answer.err
    assert not host.seen


def test_a_file_that_is_no_page_is_refused(comment: Comment, planned: Shell, host: Host) -> None:
    planned.write("other.json", '{"format": "other/v1"}')
    assert "neither a plan nor a receipt" in comment("other.json").err
    planned.write("drift.json", '{"format": "regsync/drift/v1"}')
    assert "malformed" in comment("drift.json").err
    planned.write("empty.md", "\n")
    assert "is empty" in comment("empty.md").err
    assert comment("none.md").code == 1
    changed = planned.json("plan.json")
    changed["applyable"] = not changed["applyable"]
    planned.write("changed.json", json.dumps(changed))
    answer = comment("changed.json")
    assert answer.code == 5
    assert "was changed after it was made" in answer.err
    assert not host.seen


def test_a_receipt_is_a_comment_of_its_own(comment: Comment, planned: Shell, host: Host) -> None:
    comment()
    assert planned("apply", "plan.json", "--receipt", "receipt.json").code == 0
    assert comment("receipt.json").out.startswith("created: ")
    assert host.bodies()[1].startswith("<!-- regsync:apply -->\n### regsync apply: done")


def test_drift_opens_one_issue_updates_it_and_closes_it(comment: Comment, planned: Shell, host: Host) -> None:
    def drift() -> Answer:
        answer = planned("drift", "moves.yaml", "--format", "json")
        planned.write("drift.json", answer.out)
        return comment("drift.json", "--issue", "Registry drift")

    assert planned("apply", "plan.json").code == 0
    assert drift().out == "not needed\n"
    assert not host.issues

    host.issue("bob", "other", "text")
    host.issue("github-actions[bot]", "a pull request", "<!-- regsync:drift -->\nx", pull_request=True)
    planned.write("moves.yaml", (planned.folder / "moves.yaml").read_text().replace("detector:v2", "detector:v3"))
    assert drift().out == "created: https://github.com/acme/registry/issues/3\n"
    assert drift().out.startswith("unchanged: ")
    planned.write("moves.yaml", (planned.folder / "moves.yaml").read_text().replace("detector:v3", "detector:v4"))
    assert drift().out.startswith("updated: ")
    issue = host.issues[2]
    assert (issue["title"], issue["open"]) == ("Registry drift", True)
    assert "detector:v4" in issue["body"]

    planned.write("moves.yaml", (planned.folder / "moves.yaml").read_text().replace("detector:v4", "detector:v2"))
    assert drift().out == "closed: https://github.com/acme/registry/issues/3\n"
    assert not issue["open"]
    assert "none" in issue["body"]
    assert all(each["open"] for each in host.issues[:2])
    assert host.bodies() == []
