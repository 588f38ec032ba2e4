"""GitHub's REST API, version 2022-11-28: "Issue comments" (a pull request is an issue there), "Issues", "Users",
"Commits", "Pull request reviews", "Artifacts", "Workflow runs"."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from regsync.forge.base import Comment, ForgeError, Kept, Merged, PlanJob, ReadOnlyTokenError
from regsync.forge.http import Client, Token

LIMIT = 65_536
"""Characters of a comment, or of an issue's text."""
API = "https://api.github.com"
WORKFLOW_ACCOUNT = "github-actions[bot]"
"""Who a workflow's own token writes as."""
_ADVICE = (
    "a workflow's token needs `permissions: pull-requests: write` (issues: write for --issue), and only reads where the pull "
    "request is from a fork"
)
_LARGEST = 512 * 1024 * 1024
"""Bytes of a plan file."""
EVENT = "pull_request"
"""What plans are made for. `pull_request_target`, `workflow_dispatch` and the rest run with other rights, on other texts."""
_OF_OTHERS = frozenset({"pull_request", "pull_request_target", "pull_request_review", "issue_comment", "fork"})
"""Events that people start who may not push to the branch."""
_WORKFLOWS = ".github/workflows/"
_APPROVERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


class GitHub:
    """One repository. `author` is the account of the token, for a token that cannot be asked (a GitHub App's)."""

    name = "GitHub"

    def __init__(self, client: Client, repository: str, author: str | None = None) -> None:
        if not _REPOSITORY.fullmatch(repository) or ".." in repository:
            raise ForgeError(f"{repository!r} is not a GitHub repository", "write OWNER/NAME", code="bad-repository")
        self._client = client
        self._at = f"/repos/{repository}"
        self._author = author

    def account(self) -> str:
        """`GET /user` answers 403 to the token of an app; a workflow's is one, so that is who it is taken for."""
        if self._author:
            return self._author
        try:
            return str(self._client.get("/user", "asking who the token belongs to")["login"])
        except ReadOnlyTokenError:
            return WORKFLOW_ACCOUNT

    def comments(self, number: int) -> list[Comment]:
        found = self._client.pages(f"{self._at}/issues/{number}/comments", f"reading the comments of #{number}")
        return [_comment(item) for item in found]

    def add_comment(self, number: int, body: str) -> Comment:
        path, what = f"{self._at}/issues/{number}/comments", f"commenting on #{number}"
        return _comment(self._client.write("POST", path, what, {"body": body}, repeatable=False))

    def edit_comment(self, number: int, comment: int, body: str) -> Comment:
        path, what = f"{self._at}/issues/comments/{comment}", f"updating the comment on #{number}"
        return _comment(self._client.write("PATCH", path, what, {"body": body}, repeatable=True))

    def open_issues(self) -> list[Comment]:
        order = {"state": "open", "sort": "created", "direction": "asc"}
        found = self._client.pages(f"{self._at}/issues", "reading the open issues", **order)
        return [_issue(item) for item in found if "pull_request" not in item]

    def add_issue(self, title: str, body: str) -> Comment:
        path, sent = f"{self._at}/issues", {"title": title, "body": body}
        return _issue(self._client.write("POST", path, "opening an issue", sent, repeatable=False))

    def edit_issue(self, issue: int, title: str, body: str, *, close: bool) -> Comment:
        sent = {"title": title, "body": body, **({"state": "closed", "state_reason": "completed"} if close else {})}
        path = f"{self._at}/issues/{issue}"
        return _issue(self._client.write("PATCH", path, f"updating issue #{issue}", sent, repeatable=True))

    def merged_by(self, commit: str) -> Merged | None:
        """By "List pull requests associated with a commit"."""
        what = f"looking for the pull request of {commit[:12]}"
        for item in self._client.pages(f"{self._at}/commits/{quote(commit, safe='')}/pulls", what):
            if item["merged_at"] and item["merge_commit_sha"] == commit:
                head, base = item["head"], item["base"]
                foreign = head["repo"] is None or head["repo"]["id"] != base["repo"]["id"]
                return Merged(int(item["number"]), str(head["sha"]), foreign, datetime.fromisoformat(item["merged_at"]))
        return None

    def last_approval(self, merged: Merged) -> datetime | None:
        """Of those who belong to the repository: on a public one anybody may approve, which lets nothing be merged."""
        path, what = f"{self._at}/pulls/{merged.number}/reviews", f"reading the reviews of #{merged.number}"
        return max(
            (
                datetime.fromisoformat(item["submitted_at"])
                for item in self._client.pages(path, what)
                if item["state"] == "APPROVED" and item["author_association"] in _APPROVERS
            ),
            default=None,
        )

    def kept_plans(self, merged: Merged, job: PlanJob) -> Iterator[Kept]:
        """Artifacts of that name, of runs in this repository for the pull request's head, of that workflow and its event."""
        what = f"looking for the plan of #{merged.number}"
        found = self._client.pages(f"{self._at}/actions/artifacts", what, items="artifacts", name=job.artifact)
        fitting = [item for item in found if not item["expired"] and _is_ours(item["workflow_run"], merged.head)]
        for item in sorted(fitting, key=lambda item: (str(item["created_at"]), int(item["id"])), reverse=True):
            run = self._client.get(f"{self._at}/actions/runs/{int(item['workflow_run']['id'])}", what)
            if _is_of(run, merged.head, job.workflow):
                yield Kept(datetime.fromisoformat(item["created_at"]), int(item["id"]))

    def receipts(self, artifact: str, branch: str, most: int) -> Iterator[tuple[int, bytes]]:
        """The newest receipts that runs on a branch of this repository kept under that name, with their ids.

        Runs for pull requests, and of forks, do not count: whoever opens one decides what they keep.
        """
        what = "looking for the receipts of the last applies"
        found = self._client.pages(f"{self._at}/actions/artifacts", what, items="artifacts", name=artifact)
        ours = [item for item in found if not item["expired"] and _is_on(item["workflow_run"], branch)]
        for item in sorted(ours, key=lambda item: (str(item["created_at"]), int(item["id"])), reverse=True)[:most]:
            run = self._client.get(f"{self._at}/actions/runs/{int(item['workflow_run']['id'])}", what)
            if run["event"] not in _OF_OTHERS:
                yield (
                    int(item["id"]),
                    _only_file(self._client.file(f"{self._at}/actions/artifacts/{int(item['id'])}/zip", what)),
                )

    def fetch(self, merged: Merged, kept: Kept) -> bytes:
        what = f"fetching the plan of #{merged.number}"
        return _only_file(self._client.file(f"{self._at}/actions/artifacts/{kept.id}/zip", what))


def client(token: str, url: str, origin: str) -> Client:
    """A client for the API at `url`, which `origin` names. Raises `ForgeError`."""
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    held = Token("GITHUB_TOKEN", "Authorization", token, prefix="Bearer ", advice=_ADVICE)
    return Client("GitHub", url, origin, held, headers)


def _is_ours(run: Any, head: str) -> bool:
    return bool(run and run["head_sha"] == head and run["head_repository_id"] == run["repository_id"])


def _is_on(run: Any, branch: str) -> bool:
    return bool(run and run["head_branch"] == branch and run["head_repository_id"] == run["repository_id"])


def _is_of(run: Any, head: str, workflow: str) -> bool:
    """Whether a run is that workflow's, for a pull request. `path` may end in @REF."""
    path = str(run["path"]).partition("@")[0]
    return run["event"] == EVENT and run["head_sha"] == head and path in (workflow, f"{_WORKFLOWS}{workflow}")


def _only_file(packed: bytes) -> bytes:
    """The one file of a ZIP archive. Raises `ForgeError`."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            files = archive.infolist()
            if len(files) != 1 or files[0].file_size > _LARGEST:
                raise ForgeError(
                    "the artifact is not one plan file", "see what the workflow uploads", code="bad-artifact"
                )
            return archive.read(files[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ForgeError(f"the artifact is not a ZIP archive: {error}", "run this again", code="bad-artifact") from None


def _comment(item: Any) -> Comment:
    return Comment(int(item["id"]), _login(item), str(item["body"] or ""), str(item["html_url"]))


def _issue(item: Any) -> Comment:
    return Comment(int(item["number"]), _login(item), str(item["body"] or ""), str(item["html_url"]))


def _login(item: Any) -> str:
    """ "" for an account that is gone."""
    return str((item["user"] or {}).get("login", ""))
