"""Which address shows which page, and what every request to one must bring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from regsync.local.changing.change import Place
from regsync.local.pages import comparing, history, reading, writing
from regsync.local.pages.details import details
from regsync.local.pages.differences import compare
from regsync.local.pages.frame import (
    COOKIE,
    LIFETIME,
    POLICY,
    Sessions,
    Visitor,
    project_url,
    registry_url,
    render,
    style,
)
from regsync.local.pages.lineage import Download, download, lineage, run_page
from regsync.local.pages.reading import Page
from regsync.local.pages.versions import Shown, in_project, in_registry, inside
from regsync.local.store import seen
from regsync.local.store.access import missing
from regsync.local.store.actor import Actor
from regsync.local.store.database import Stop, Store, Transaction
from regsync.local.store.errors import Forbidden, NotFound, Refused, Unauthorized
from regsync.local.store.registries import Registry
from regsync.names import REGISTRY_PREFIX

FORM = "application/x-www-form-urlencoded"
MOST_FORM = 256 * 1024
"""Bytes of a form at most."""
MOST_ADDRESS = 4096
"""Letters of a form that are kept in an address while somebody signs in again."""
_OVER = "your session was over, so nothing was changed; sign in, and look at the form once more"
_NOT_KEPT = ("proof", "agreed", "preview")
POSTED = ("/signin", "/signout", "/change/")
"""Where forms are sent: no other address of the server takes one."""
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

T = TypeVar("T")
Show = Callable[[Transaction, Mapping[str, str], Mapping[str, str]], Page | Download | str]
"""What a page shows, from the names in its address and from what stands behind the question mark; a text is an address to go to."""
_BESIDE: Mapping[str, Callable[[Transaction, Shown, Mapping[str, str]], Page | Download]] = {
    "compare": compare,
    "lineage": lineage,
    "file": download,
}
"""Pages about one version beside its own: in a registry, and where it was logged."""


class Doing(Protocol):
    """How the server does a piece of work: in a thread, stopped when nobody waits for it any more."""

    async def __call__(self, request: Request, user: int | None, act: Callable[[Stop], T]) -> T: ...


class Site:
    """The pages over one registry file."""

    def __init__(
        self,
        store: Store,
        identify: Callable[[str], Awaitable[Actor]],
        do: Doing,
        body: Callable[[Request, int], Awaitable[bytes]],
    ) -> None:
        self._store = store
        self._identify = identify
        self._do = do
        self._body = body
        self._sessions = Sessions()

    def routes(self) -> list[Route]:
        """All pages. Addresses of the registry app are those that W&B's client prints."""
        artifact = "/{entity}/{project}/artifacts"
        return [
            Route("/style.css", _style),
            Route("/signin", self._sign_in, methods=["GET", "POST"]),
            Route("/signout", self._sign_out, methods=["POST"]),
            Route("/registry", _to_registries),
            Route("/registry/", self._reads(lambda tx, names, asked: reading.registry_list(tx, asked))),
            Route(
                "/orgs/{org}/registry/{name}",
                self._reads(_registry),
            ),
            Route(
                "/orgs/{org}/registry/{name}/settings",
                self._reads(lambda tx, names, asked: writing.settings_page(tx, names["org"], names["name"])),
            ),
            Route(
                "/orgs/{org}/registry/{name}/metrics",
                self._reads(lambda tx, names, asked: comparing.metrics(tx, names["org"], names["name"], asked)),
            ),
            Route(
                "/orgs/{org}/registry/{name}/history",
                self._reads(lambda tx, names, asked: history.history(tx, names["org"], names["name"], asked)),
            ),
            *(Route(f"/orgs/{{org}}/registry/{{name}}/{page}", self._reads(_linked(page))) for page in _BESIDE),
            Route("/change/link", self._link, methods=["GET"]),
            Route(
                "/change/publish",
                self._reads(lambda tx, names, asked: writing.link_to_registry(tx, asked)),
                methods=["GET"],
            ),
            Route("/change/{what}", self._change, methods=["GET", "POST"]),
            Route(
                artifact,
                self._reads(_browser),
            ),
            Route(f"{artifact}/{{kind}}", self._reads(_project)),
            Route(f"{artifact}/{{kind}}/{{name}}", self._reads(_artifact)),
            Route(f"{artifact}/{{kind}}/{{name}}/{{version}}", self._reads(_artifact)),
            *(
                Route(f"{artifact}/{{kind}}/{{name}}/{{version}}/{page}", self._reads(_logged(page)))
                for page in _BESIDE
            ),
            Route(
                "/{entity}/{project}/runs/{run}",
                self._reads(lambda tx, names, asked: run_page(tx, names["entity"], names["project"], names["run"])),
            ),
            Route("/{entity}/{project}", self._reads(_project)),
            Route("/{entity}", self._reads(lambda tx, names, asked: reading.profile(tx, names["entity"], asked))),
        ]

    def _reads(self, show: Show) -> Callable[[Request], Awaitable[Response]]:
        """A page that shows what is in the registry."""

        async def page(request: Request) -> Response:
            visitor = self._visitor(request)
            if visitor is None:
                return _to_sign_in(request)
            names, asked = request.path_params, dict(request.query_params)

            def act(stop: Stop) -> Response:
                try:
                    with self._store.read(visitor.actor, stop) as tx:
                        found = show(tx, names, asked)
                except Refused as error:
                    return _refused(error, visitor)
                if isinstance(found, str):
                    return RedirectResponse(found, status_code=302, headers=_HEADERS)
                return _file(found) if isinstance(found, Download) else _page(found, visitor)

            return await self._do(request, visitor.actor.user_id, act)

        return page

    async def _link(self, request: Request) -> Response:
        return await self._reads(lambda tx, names, asked: writing.link_steps(tx, asked))(request)

    async def _change(self, request: Request) -> Response:
        what = request.path_params["what"]
        if request.method != "POST":
            return await self._reads(lambda tx, names, asked: writing.shown(tx, what, asked))(request)
        visitor = self._visitor(request)
        if visitor is None:
            return _to_sign_in(request, await self._sent(request))
        try:
            values = await self._form(request, visitor)
        except Refused as error:
            return _refused(error, visitor)

        def act(stop: Stop) -> Response:
            try:
                done = writing.carry_out(self._store, visitor.actor, stop, what, values)
            except Refused as error:
                return _refused(error, visitor)
            if isinstance(done, writing.Done):
                return RedirectResponse(done.url, status_code=303, headers=_HEADERS)
            return _page(done.page, visitor, done.status)

        return await self._do(request, visitor.actor.user_id, act)

    async def _sign_in(self, request: Request) -> Response:
        if request.method != "POST":
            problem = _OVER if "over" in request.query_params else ""
            return _page(Page("signin.jinja", {"problem": problem, "to": _local(request.query_params.get("to"))}), None)
        values = await self._sent(request)
        try:
            visitor = self._sessions.sign_in(await self._identify(values.get("key", "").strip()))
        except Unauthorized as error:
            return _page(Page("signin.jinja", {"problem": str(error), "to": _local(values.get("to"))}), None, 401)
        answer = RedirectResponse(_local(values.get("to")), status_code=303, headers=_HEADERS)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, visitor.token, LIFETIME, path="/", httponly=True, samesite="lax", secure=secure)
        return answer

    async def _sign_out(self, request: Request) -> Response:
        visitor = self._visitor(request)
        if visitor is not None:
            try:
                await self._form(request, visitor)
            except Refused as error:
                return _refused(error, visitor)
            self._sessions.sign_out(visitor.token)
        answer = RedirectResponse("/signin", status_code=303, headers=_HEADERS)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
        return answer

    def _visitor(self, request: Request) -> Visitor | None:
        return self._sessions.find(request.cookies.get(COOKIE))

    async def nothing(self, request: Request, error: Exception) -> Response:
        """What the server answers at an address that it does not have: a page, to people who are signed in."""
        visitor = self._visitor(request)
        if visitor is None or "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("Not Found", status_code=404)
        return _refused(NotFound("there is no page at this address"), visitor)

    async def _sent(self, request: Request) -> dict[str, str]:
        text = (await self._body(request, MOST_FORM)).decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True))

    async def _form(self, request: Request, visitor: Visitor) -> dict[str, str]:
        """What a form of our own sent. Raises `Forbidden` for one that does not prove to come from this session's pages."""
        values = await self._sent(request)
        if values.pop("proof", "") != visitor.proof:
            raise Forbidden("this form is not from a page of this session; open the page again")
        return values


def _page(page: Page, visitor: Visitor | None, status: int = 200) -> Response:
    return HTMLResponse(render(page.template, visitor, **page.values), status, headers=_HEADERS)


def _registry(tx: Transaction, names: Mapping[str, str], asked: Mapping[str, str]) -> Page:
    """A registry, or what the client's address selects in it: a collection, or a version of one."""
    path, version = asked.get("selectionPath", ""), asked.get("version", "")
    if not (path and version and asked.get("view") == "membership"):
        return reading.registry_page(tx, names["org"], names["name"], asked)
    registry = Place(names["org"], names["name"]).get(tx)
    return details(tx, inside(tx, registry, reading.selected(tx, registry, path), version), asked)


def _browser(tx: Transaction, names: Mapping[str, str], asked: Mapping[str, str]) -> Page | str:
    """A project's artifacts; those of a registry are on its own page."""
    if names["project"].startswith(REGISTRY_PREFIX):
        return _project(tx, names, asked)
    return reading.browser(tx, names["entity"], names["project"], asked)


def _project(tx: Transaction, names: Mapping[str, str], asked: Mapping[str, str]) -> str:
    """A project by the address that W&B's client prints for it: its artifact browser, or the page of a registry."""
    place = seen.place_named(tx, names["entity"], names["project"]) or missing("page")
    if isinstance(place, Registry):
        return registry_url(place.organization, place.name)
    return project_url(place.entity, place.name)


def _artifact(tx: Transaction, names: Mapping[str, str], asked: Mapping[str, str]) -> Page | str:
    """A version where it was logged; one of a registry is shown by the registry's own page."""
    at = _named(tx, names)
    return at.url if isinstance(at.place, Registry) else details(tx, at, asked)


def _named(tx: Transaction, names: Mapping[str, str]) -> Shown:
    return in_project(tx, names["entity"], names["project"], names["name"], names.get("version", "latest"))


def _logged(page: str) -> Show:
    return lambda tx, names, asked: _BESIDE[page](tx, _named(tx, names), asked)


def _linked(page: str) -> Show:
    which = "old" if page == "compare" else "version"

    def show(tx: Transaction, names: Mapping[str, str], asked: Mapping[str, str]) -> Page | Download:
        collection, version = asked.get("collection", ""), asked.get(which, "").strip() or "latest"
        return _BESIDE[page](tx, in_registry(tx, names["org"], names["name"], collection, version), asked)

    return show


def _file(found: Download) -> Response:
    """A file of a stranger: to be saved, and never shown as a page of this server."""
    headers = {**_HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}"}
    kind = "application/octet-stream"
    if isinstance(found.content, bytes):
        return Response(found.content, media_type=kind, headers=headers)
    return FileResponse(found.content, media_type=kind, headers=headers)


def _refused(error: Refused, visitor: Visitor) -> Response:
    return _page(Page("refused.jinja", {"problem": error}), visitor, error.code)


def _to_sign_in(request: Request, sent: Mapping[str, str] | None = None) -> Response:
    """To the sign-in, and from there to the same page. `sent`: what a form sent too late, which it shows again then."""
    if sent is None:
        asked = {"to": f"{request.url.path}?{request.url.query}"}
    else:
        kept = urlencode({name: value for name, value in sent.items() if name not in _NOT_KEPT})
        asked = {"to": f"{request.url.path}?{kept}" if len(kept) < MOST_ADDRESS else "/registry/", "over": "1"}
    return RedirectResponse(f"/signin?{urlencode(asked)}", status_code=303, headers=_HEADERS)


def _local(to: str | None) -> str:
    """An address of this server to go to; anything else is the list of registries."""
    return to if to and to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() else "/registry/"


async def _to_registries(request: Request) -> Response:
    return RedirectResponse("/registry/", status_code=301)


async def _style(request: Request) -> Response:
    return PlainTextResponse(style(), media_type="text/css", headers={"X-Content-Type-Options": "nosniff"})
