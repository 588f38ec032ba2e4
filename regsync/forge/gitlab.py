"""GitLab's REST API, version 4: "Notes", "Issues", "Users", "Jobs", "Commits", "Merge request
approvals", "Pipelines", "Job artifacts"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from regsync.forge.base import Comment, ForgeError, Kept, Merged, PlanJob
from regsync.forge.http import Client, Token

LIMIT = 1_000_000
"""Characters of a note, or of an issue's text."""
API = "https://gitlab.com/api/v4"
ADVICE = "set GITLAB_TOKEN to a project access token with the role Reporter and the scope api, unprotected and masked"
"""A job token is not let at merge requests and notes (gitlab-org/gitlab, issue 545150); a later GitLab may let it."""
EVENT = "merge_request_event"
"""The source of the pipelines that plans are made in."""
_APPROVED = "approved this merge request"
_OLDEST_FIRST = {"order_by": "created_at", "sort": "asc"}


class GitLab:
    """One project, by its number or its path. `with_job_token`: the token is CI_JOB_TOKEN, which belongs to the job's user."""

    name = "GitLab"

    def __init__(
        self, client: Client, project: str, author: str | None = None, *, with_job_token: bool = False
    ) -> None:
        self._client = client
        self._at = f"/projects/{quote(project, safe='')}"
        self._author = author
        self._with_job_token = with_job_token

    def account(self) -> str:
        """`GET /user`; a job token is asked for its job, and that for its user."""
        if self._author:
            return self._author
        what = "asking who the token belongs to"
        if self._with_job_token:
            return str(self._client.get("/job", what)["user"]["username"])
        return str(self._client.get("/user", what)["username"])

    def comments(self, number: int) -> list[Comment]:
        path, what = f"{self._at}/merge_requests/{number}/notes", f"reading the notes of !{number}"
        found = self._client.pages(path, what, **_OLDEST_FIRST)
        return [self._note(number, item) for item in found if not item.get("system")]

    def add_comment(self, number: int, body: str) -> Comment:
        path, what = f"{self._at}/merge_requests/{number}/notes", f"commenting on !{number}"
        return self._note(number, self._client.write("POST", path, what, {"body": body}, repeatable=False))

    def edit_comment(self, number: int, comment: int, body: str) -> Comment:
        path, what = f"{self._at}/merge_requests/{number}/notes/{comment}", f"updating the comment on !{number}"
        return self._note(number, self._client.write("PUT", path, what, {"body": body}, repeatable=True))

    def open_issues(self) -> list[Comment]:
        found = self._client.pages(f"{self._at}/issues", "reading the open issues", state="opened", **_OLDEST_FIRST)
        return [_issue(item) for item in found]

    def add_issue(self, title: str, body: str) -> Comment:
        path, sent = f"{self._at}/issues", {"title": title, "description": body}
        return _issue(self._client.write("POST", path, "opening an issue", sent, repeatable=False))

    def edit_issue(self, issue: int, title: str, body: str, *, close: bool) -> Comment:
        sent = {"title": title, "description": body, **({"state_event": "close"} if close else {})}
        path = f"{self._at}/issues/{issue}"
        return _issue(self._client.write("PUT", path, f"updating issue #{issue}", sent, repeatable=True))

    def merged_by(self, commit: str) -> Merged | None:
        """By "List merge requests associated with a commit"."""
        path = f"{self._at}/repository/commits/{quote(commit, safe='')}/merge_requests"
        for item in self._client.pages(path, f"looking for the merge request of {commit[:12]}"):
            commits = {item.get("merge_commit_sha"), item.get("squash_commit_sha"), item.get("sha")}
            if item["state"] == "merged" and commit in commits:
                foreign = item["source_project_id"] != item["target_project_id"]
                return Merged(int(item["iid"]), str(item["sha"]), foreign, datetime.fromisoformat(item["merged_at"]))
        return None

    def last_approval(self, merged: Merged) -> datetime | None:
        """By "Merge request approvals"; where that does not say when (older servers), by the notes that GitLab itself wrote."""
        path, what = f"{self._at}/merge_requests/{merged.number}", f"reading the approvals of !{merged.number}"
        by = self._client.get(f"{path}/approvals", what).get("approved_by") or []
        known = {item["user"]["username"]: item.get("approved_at") for item in by}
        if None in known.values():
            for note in self._client.pages(f"{path}/notes", what, **_OLDEST_FIRST):
                if note.get("system") and note["body"] == _APPROVED and known.get(_username(note), "") is None:
                    known[_username(note)] = note["created_at"]
        unknown = sorted(name for name, at in known.items() if at is None)
        if unknown:
            raise ForgeError(f"GitLab does not say when {unknown[0]} approved !{merged.number}", code="approval-time")
        return max((datetime.fromisoformat(at) for at in known.values() if at is not None), default=None)

    def kept_plans(self, merged: Merged, job: PlanJob) -> Iterator[Kept]:
        """`plan.json` of that job, retries included, in this project's pipelines for the merge request and its very head."""
        what = f"looking for the plan of !{merged.number}"
        found = []
        for pipeline in self._client.pages(f"{self._at}/merge_requests/{merged.number}/pipelines", what):
            if pipeline["sha"] != merged.head or pipeline.get("source", EVENT) != EVENT:
                continue
            path = f"{self._at}/pipelines/{int(pipeline['id'])}/jobs"
            for item in self._client.pages(path, what, include_retried="true", **{"scope[]": "success"}):
                if item["name"] == job.artifact and item["commit"]["id"] == merged.head and item["finished_at"]:
                    found.append(Kept(datetime.fromisoformat(item["finished_at"]), int(item["id"])))
        yield from sorted(found, reverse=True)

    def fetch(self, merged: Merged, kept: Kept) -> bytes:
        what = f"fetching the plan of !{merged.number}"
        return self._client.file(f"{self._at}/jobs/{kept.id}/artifacts/plan.json", what)

    def _note(self, number: int, item: Any) -> Comment:
        shown = f"!{number} (note {item['id']})"
        return Comment(int(item["id"]), _username(item), str(item["body"] or ""), shown)


def client(token: str, url: str, origin: str, *, job_token: bool) -> Client:
    """A client for the API at `url`, which `origin` names. Raises `ForgeError`."""
    if job_token:
        held = Token("CI_JOB_TOKEN", "JOB-TOKEN", token, advice=f"a job token cannot comment: {ADVICE}")
    else:
        held = Token("GITLAB_TOKEN", "PRIVATE-TOKEN", token, advice=ADVICE)
    return Client("GitLab", url, origin, held, {"Accept": "application/json"})


def _issue(item: Any) -> Comment:
    return Comment(int(item["iid"]), _username(item), str(item["description"] or ""), str(item["web_url"]))


def _username(item: Any) -> str:
    return str((item["author"] or {}).get("username", ""))
