"""A host of pull requests on this machine: GitHub's and GitLab's REST API as far as regsync uses them, over real HTTP.

It refuses what the real ones refuse: unknown tokens, tokens that only read, bodies over the limit, pages over 100 items.
It keeps every request, so that a test can see what arrived, and from whom.
"""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PLANNED, MERGED = "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"
"""When a plan was kept and a pull request merged, where a test does not say."""
GITHUB_LIMIT = 65_536
GITLAB_LIMIT = 1_000_000
Json = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """`kind`: user; app, which cannot ask who it is (GitHub's workflow token); job (GitLab's CI_JOB_TOKEN)."""

    name: str
    kind: str = "user"
    may_write: bool = True


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Trouble:
    """An answer instead of the right one, once, to requests of that method. `carried_out`: the request is done all the same."""

    method: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    carried_out: bool = False
    body: bytes = b'{"message": "trouble"}'


def zipped(data: bytes, name: str = "plan.json") -> bytes:
    """A file as GitHub hands out an artifact."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


class RefusalError(Exception):
    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.data = status, {"message": message, **more}


class Host:
    """The state behind both APIs: comments by pull request, issues, accounts by token."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.github = f"{url}/github"
        self.gitlab = f"{url}/gitlab/api/v4"
        self.accounts: dict[str, Account] = {}
        self.comments: dict[int, list[Json]] = {7: []}
        self.issues: list[Json] = []
        self.seen: list[Seen] = []
        self.troubles: list[Trouble] = []
        self.merges: dict[str, Json] = {}
        """By commit: number, head, foreign, at."""
        self.kept: list[Json] = []
        """Plan files that runs kept: name, head, data, foreign, expired, at, workflow, event; on GitLab by number."""
        self.approvals: list[Json] = []
        """Of pull request 7: by, at, association, state; on GitLab a server may be `silent` about the time."""
        self._lock = threading.Lock()
        self._ids = 1000

    def comment(self, author: str, body: str, number: int = 7) -> Json:
        """Somebody comments."""
        self._ids += 1
        made = {"id": self._ids, "author": author, "body": body}
        self.comments[number].append(made)
        return made

    def issue(self, author: str, title: str, body: str, **more: Any) -> Json:
        """Somebody opens an issue."""
        made = {"number": len(self.issues) + 1, "author": author, "title": title, "body": body, "open": True, **more}
        self.issues.append(made)
        return made

    def bodies(self, number: int = 7) -> list[str]:
        return [each["body"] for each in self.comments[number]]

    def methods(self) -> list[str]:
        return [each.method for each in self.seen]

    def answer(self, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            self.seen.append(seen)
            trouble = next((each for each in self.troubles if each.method == seen.method), None)
            if trouble is not None:
                self.troubles.remove(trouble)
                if trouble.carried_out:
                    self._carry_out(seen)
                return trouble.status, trouble.headers, trouble.body
            try:
                status, headers, data = self._carry_out(seen)
            except RefusalError as refusal:
                status, headers, data = refusal.status, {}, refusal.data
            return status, headers, data if isinstance(data, bytes) else json.dumps(data).encode()

    def _carry_out(self, seen: Seen) -> tuple[int, dict[str, str], Any]:
        if seen.path.startswith("/storage/"):
            assert not {"authorization", "private-token", "job-token"} & seen.headers.keys(), "the token went elsewhere"
            assert seen.query == {"signature": "abc"}
            return 200, {}, self.kept[int(seen.path.rpartition("/")[2])]["data"]
        if seen.path.startswith("/github/"):
            return _GitHub(self, seen).carry_out()
        return _GitLab(self, seen).carry_out()


class _GitHub:
    repository = "/repos/acme/registry"

    def __init__(self, host: Host, seen: Seen) -> None:
        self.host, self.seen = host, seen
        self.path = seen.path.removeprefix("/github")
        found = host.accounts.get(seen.headers.get("authorization", "").removeprefix("Bearer "))
        if found is None:
            raise RefusalError(401, "Bad credentials")
        assert seen.headers["accept"] == "application/vnd.github+json"
        assert seen.headers["x-github-api-version"] == "2022-11-28"
        self.account = found

    def carry_out(self) -> tuple[int, dict[str, str], Any]:
        if self.path == "/user":
            if self.account.kind != "user":
                raise RefusalError(403, "Resource not accessible by integration")
            return 200, {}, {"login": self.account.name}
        if not self.path.startswith(self.repository + "/"):
            raise RefusalError(404, "Not Found")
        if self.seen.method != "GET" and not self.account.may_write:
            raise RefusalError(403, "Resource not accessible by integration")
        rest = self.path.removeprefix(self.repository)
        if match := re.fullmatch(r"/issues/(\d+)/comments", rest):
            return self._comments(int(match[1]))
        if match := re.fullmatch(r"/issues/comments/(\d+)", rest):
            assert self.seen.method == "PATCH"
            comment = next(c for all_ in self.host.comments.values() for c in all_ if c["id"] == int(match[1]))
            comment["body"] = self._body()
            return 200, {}, self._shown(comment)
        if match := re.fullmatch(r"/pulls/(\d+)/reviews", rest):
            return self._page([self._review(each) for each in self.host.approvals if match[1] == "7"])
        if match := re.fullmatch(r"/actions/runs/(\d+)", rest):
            kept = self.host.kept[int(match[1]) - 500]
            path = f".github/workflows/{kept.get('workflow', 'plan.yml')}@refs/pull/7/merge"
            return 200, {}, {"path": path, "event": kept.get("event", "pull_request"), "head_sha": kept["head"]}
        if rest == "/actions/artifacts" or rest.startswith(("/commits/", "/actions/artifacts/")):
            return self._runs(rest)
        if rest == "/issues":
            return self._issues()
        if match := re.fullmatch(r"/issues/(\d+)", rest):
            assert self.seen.method == "PATCH"
            issue = self.host.issues[int(match[1]) - 1]
            issue |= {"title": self.seen.body["title"], "body": self._body()}
            issue["open"] = self.seen.body.get("state") != "closed"
            return 200, {}, self._shown_issue(issue)
        raise RefusalError(404, "Not Found")

    def _comments(self, number: int) -> tuple[int, dict[str, str], Any]:
        if number not in self.host.comments:
            raise RefusalError(404, "Not Found")
        if self.seen.method == "POST":
            return 201, {}, self._shown(self.host.comment(self.account.name, self._body(), number))
        return self._page([self._shown(each) for each in self.host.comments[number]])

    def _issues(self) -> tuple[int, dict[str, str], Any]:
        if self.seen.method == "POST":
            made = self.host.issue(self.account.name, self.seen.body["title"], self._body())
            return 201, {}, self._shown_issue(made)
        assert self.seen.query["state"] == "open"
        return self._page([self._shown_issue(each) for each in self.host.issues if each["open"]])

    def _page(self, items: list[Json]) -> tuple[int, dict[str, str], Any]:
        size, page = int(self.seen.query["per_page"]), int(self.seen.query["page"])
        assert size <= 100
        more = len(items) > size * page
        # An address elsewhere: whoever follows it with the token has lost it.
        link = {"link": f'<https://elsewhere.example/steal?page={page + 1}>; rel="next"'} if more else {}
        return 200, link, items[size * (page - 1) : size * page]

    def _runs(self, rest: str) -> tuple[int, dict[str, str], Any]:
        if match := re.fullmatch(r"/commits/(\w+)/pulls", rest):
            merge = self.host.merges.get(match[1])
            if merge is None:
                return 200, {}, []
            head = {"sha": merge["head"], "repo": {"id": 2 if merge.get("foreign") else 1}}
            closed = {"number": 3, "merged_at": None, "merge_commit_sha": match[1], "head": head}
            merged = {
                "number": merge["number"],
                "merged_at": merge.get("at", MERGED),
                "merge_commit_sha": match[1],
                "head": head,
            }
            return 200, {}, [closed, {**merged, "base": {"repo": {"id": 1}}}]
        if match := re.fullmatch(r"/actions/artifacts/(\d+)/zip", rest):
            return 302, {"location": f"{self.host.url}/storage/{match[1]}?signature=abc"}, b""
        found = []
        for number, kept in enumerate(self.host.kept):
            origin = {"repository_id": 1, "head_repository_id": 2 if kept.get("foreign") else 1}
            run = {"id": 500 + number, "head_sha": kept["head"], "head_branch": kept.get("branch", "topic"), **origin}
            if kept["name"] == self.seen.query["name"]:
                made = kept.get("at", PLANNED)
                shown = {"id": number, "expired": kept.get("expired", False), "created_at": made, "workflow_run": run}
                found.append(shown)
        status, headers, items = self._page(found)
        return status, headers, {"total_count": len(found), "artifacts": items}

    def _review(self, approval: Json) -> Json:
        return {
            "user": {"login": approval["by"]},
            "state": approval.get("state", "APPROVED"),
            "submitted_at": approval["at"],
            "author_association": approval.get("association", "MEMBER"),
        }

    def _body(self) -> str:
        body: str = self.seen.body["body"]
        if len(body) > GITHUB_LIMIT:
            error = {"resource": "IssueComment", "message": "body is too long (maximum is 65536 characters)"}
            raise RefusalError(422, "Validation Failed", errors=[error])
        return body

    def _shown(self, comment: Json) -> Json:
        url = f"https://github.com/acme/registry/pull/7#issuecomment-{comment['id']}"
        return {"id": comment["id"], "user": {"login": comment["author"]}, "body": comment["body"], "html_url": url}

    def _shown_issue(self, issue: Json) -> Json:
        url = f"https://github.com/acme/registry/issues/{issue['number']}"
        pull = {"pull_request": {"url": url}} if issue.get("pull_request") else {}
        shown = {"number": issue["number"], "title": issue["title"], "body": issue["body"], "html_url": url}
        return {"id": 5000 + issue["number"], **shown, "user": {"login": issue["author"]}, **pull}


class _GitLab:
    def __init__(self, host: Host, seen: Seen) -> None:
        self.host, self.seen = host, seen
        self.path = seen.path.removeprefix("/gitlab/api/v4")
        job, own = seen.headers.get("job-token", ""), seen.headers.get("private-token", "")
        found = host.accounts.get(job or own)
        if found is None or (found.kind == "job") != bool(job):
            raise RefusalError(401, "401 Unauthorized")
        self.account = found

    def carry_out(self) -> tuple[int, dict[str, str], Any]:
        if self.path == "/user" and self.account.kind == "user":
            return 200, {}, {"username": self.account.name}
        if self.path == "/job" and self.account.kind == "job":
            return 200, {}, {"id": 1, "user": {"username": self.account.name}}
        match = re.fullmatch(r"/projects/(42|acme%2Fregistry)(/.*)", self.path)
        if match is None:
            raise RefusalError(404, "404 Project Not Found")
        if self.seen.method != "GET" and not self.account.may_write:
            raise RefusalError(403, "403 Forbidden")
        rest = match[2]
        if found := re.fullmatch(r"/merge_requests/(\d+)/notes(?:/(\d+))?", rest):
            return self._notes(int(found[1]), found[2])
        if found := re.fullmatch(r"/issues(?:/(\d+))?", rest):
            return self._issues(found[1])
        if found := re.fullmatch(r"/repository/commits/(\w+)/merge_requests", rest):
            return self._merge_requests(found[1])
        if found := re.fullmatch(r"/merge_requests/(\d+)/(approvals|pipelines)", rest):
            return self._approvals() if found[2] == "approvals" else self._pipelines(int(found[1]))
        if found := re.fullmatch(r"/pipelines/(\d+)/jobs", rest):
            return self._page([self._job(int(found[1]) - 500)])
        if found := re.fullmatch(r"/jobs/(\d+)/artifacts/plan.json", rest):
            return 302, {"location": f"{self.host.url}/storage/{int(found[1]) - 900}?signature=abc"}, b""
        raise RefusalError(404, "404 Not Found")

    def _approvals(self) -> tuple[int, dict[str, str], Any]:
        by = []
        for each in self.host.approvals:
            if each.get("state", "APPROVED") == "APPROVED":
                told = {} if each.get("silent") else {"approved_at": each["at"]}
                by.append({"user": {"username": each["by"]}, **told})
        return 200, {}, {"approved_by": by}

    def _pipelines(self, number: int) -> tuple[int, dict[str, str], Any]:
        found = [
            {"id": 500 + at, "sha": kept["head"], "source": kept.get("event", "merge_request_event")}
            for at, kept in enumerate(self.host.kept)
            if kept["number"] == number and not kept.get("foreign")
        ]
        return self._page(found)

    def _job(self, at: int) -> Json:
        assert self.seen.query["include_retried"] == "true"
        kept = self.host.kept[at]
        shown = {"id": 900 + at, "name": kept["name"], "status": "success", "finished_at": kept.get("at", PLANNED)}
        return {**shown, "commit": {"id": kept["head"]}}

    def _merge_requests(self, commit: str) -> tuple[int, dict[str, str], Any]:
        merge = self.host.merges.get(commit)
        if merge is None:
            return 200, {}, []
        shown = {"iid": merge["number"], "state": "merged", "merge_commit_sha": commit, "sha": merge["head"]}
        shown["merged_at"] = merge.get("at", MERGED)
        return 200, {}, [{**shown, "source_project_id": 43 if merge.get("foreign") else 42, "target_project_id": 42}]

    def _notes(self, number: int, note: str | None) -> tuple[int, dict[str, str], Any]:
        notes = self.host.comments.get(number)
        if notes is None:
            raise RefusalError(404, "404 Not found")
        if self.seen.method == "POST":
            return 201, {}, self._shown(self.host.comment(self.account.name, self._text("body"), number))
        if self.seen.method == "PUT":
            found = next(each for each in notes if each["id"] == int(note or 0))
            found["body"] = self._text("body")
            return 200, {}, self._shown(found)
        return self._page([self._shown(each) for each in notes])

    def _issues(self, number: str | None) -> tuple[int, dict[str, str], Any]:
        if self.seen.method == "POST":
            made = self.host.issue(self.account.name, self.seen.body["title"], self._text("description"))
            return 201, {}, self._shown_issue(made)
        if self.seen.method == "PUT":
            issue = self.host.issues[int(number or 0) - 1]
            issue |= {"title": self.seen.body["title"], "body": self._text("description")}
            issue["open"] = self.seen.body.get("state_event") != "close"
            return 200, {}, self._shown_issue(issue)
        assert self.seen.query["state"] == "opened"
        return self._page([self._shown_issue(each) for each in self.host.issues if each["open"]])

    def _page(self, items: list[Json]) -> tuple[int, dict[str, str], Any]:
        size, page = int(self.seen.query["per_page"]), int(self.seen.query["page"])
        assert size <= 100
        following = str(page + 1) if len(items) > size * page else ""
        return 200, {"x-next-page": following}, items[size * (page - 1) : size * page]

    def _text(self, name: str) -> str:
        text: str = self.seen.body[name]
        if len(text) > GITLAB_LIMIT:
            raise RefusalError(400, {"note": ["is too long (maximum is 1000000 characters)"]})  # type: ignore[arg-type]
        return text

    def _shown(self, comment: Json) -> Json:
        return {
            "id": comment["id"],
            "author": {"username": comment["author"]},
            "body": comment["body"],
            "system": comment.get("system", False),
            "created_at": comment.get("at", PLANNED),
        }

    def _shown_issue(self, issue: Json) -> Json:
        url = f"https://gitlab.com/acme/registry/-/issues/{issue['number']}"
        shown = {"id": 9000 + issue["number"], "iid": issue["number"], "title": issue["title"]}
        return {**shown, "description": issue["body"], "author": {"username": issue["author"]}, "web_url": url}


class _Handler(BaseHTTPRequestHandler):
    host: Host

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        headers = {key.lower(): value for key, value in self.headers.items()}
        path = parts.path if "%2F" in parts.path else unquote(parts.path)
        seen = Seen(self.command, path, query, headers, json.loads(raw) if raw else None)
        status, more, body = self.host.answer(seen)
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_PUT = _handle  # noqa: N815 - the base class looks for these

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def running() -> Iterator[Host]:
    """The host, on a free port of this machine, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    host = Host(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"host": host})
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
