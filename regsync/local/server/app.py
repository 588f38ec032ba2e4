"""The HTTP side: who may ask, and which address does what. All but pages, which have sessions, needs a key or a signed address."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, TypeVar, cast

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from regsync.local.pages.site import Site
from regsync.local.server import claims, jsons, streams, transfer
from regsync.local.server.addresses import Addresses, Purpose, Signer
from regsync.local.server.budget import Budget
from regsync.local.server.callers import Callers, Proof
from regsync.local.server.doors import Doors
from regsync.local.server.engine import Answer, Asked, answer, asked, is_known, refusal
from regsync.local.server.groups import Changes, Group
from regsync.local.server.root import Root
from regsync.local.server.session import Session
from regsync.local.server.work import (
    AT_ONCE,
    CHANGES_AT_ONCE,
    UPLOADS_AT_ONCE,
    UnreadableError,
    Work,
    announced,
    body,
    chunks,
)
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store
from regsync.local.store.errors import RegistryError, Unauthorized
from regsync.slots import NamedTuple

MAX_DOCUMENT = 8 * 1024 * 1024
"""Largest GraphQL request, in bytes."""
MAX_CHUNK = 16 * 1024 * 1024
"""Largest chunk of a run's stream, in bytes; the client's are at most 10 MiB."""
SHORT = 64 * 1024
"""Longest request that is one of many that wait for their change, in bytes. Others are few at once: they take memory."""
QUICK = 8 * 1024
"""Longest request that is read by the event loop itself, if its document is known, in bytes: a fifth of a millisecond."""
CHANGE_THREADS = 4
"""Threads that find out what a request asks for that may change something. They are not those of requests that read."""
GROUPED = 30
"""Most changes of a document that is committed together with others; a longer one has a transaction of its own. regsync sends that
many at most, in several documents at once: what they wait for is the disk."""
_IN_MEMORY = 1024 * 1024

T = TypeVar("T")
_Parts = tuple[str, dict[str, Any] | None, str | None]
"""Of a request: document, variables and name of the operation."""


class Asking(NamedTuple):
    """Who asks, where files are for them, and what shows in a transaction that it is them."""

    actor: Actor
    addresses: Addresses
    proof: Proof


class Application(Starlette):
    """The application, with the requests that are under way in it."""

    def __init__(self, work: Work, **settings: Any) -> None:
        super().__init__(**settings)
        self.work = work


def create_app(
    store: Store, signer: Signer | None = None, *, public_url: str | None = None, hosts: Iterable[str] = ()
) -> Application:
    """The application over one registry file. Requests run in threads of their own and may overlap.

    `public_url` is what addresses of files begin with; without it, the address of the socket that a request came to, and never
    what the request says. `hosts` are names that clients may call the server by, beside addresses, localhost and this machine's.
    """
    signing, work = signer or Signer(), Work()
    changes, understanding, callers = Changes(store), CapacityLimiter(CHANGE_THREADS), Callers(store)

    async def who(request: Request) -> Actor:
        return claims.claiming(await callers.identify(_key(request)), request.headers)

    async def for_a_page(request: Request, user: int | None, act: Callable[[Callable[[], bool]], T]) -> T:
        async with work.turn(user):
            return await work.read(request, lambda budget: act(budget.is_spent))

    async def told(request: Request, asking: Asking, held: bytes, *, changing: bool) -> Response:
        found: Response | Asked | None
        if changing:
            found = _known(held) or await work.read(request, lambda _: _changing(_parts(held)), understanding)
            if found is None:  # It has the word in it and no more: it waits as one that reads.
                async with work.turn(asking.actor.user_id):
                    return await told(request, asking, held, changing=False)
        else:
            found = await work.read(request, lambda budget: _read_or_asked(store, asking, budget, held))
        if isinstance(found, Response):
            return found
        wanted, count = found, found.changes
        return await work.change(
            request,
            changes,
            lambda budget, group: _answered(store, asking, budget, wanted, group),
            alone=count is None or count > GROUPED,
        )

    # Who asks is settled before the body is read, so that a stranger can make the server keep nothing; a long one of theirs waits.
    async def graphql(request: Request) -> Response:
        key = _key(request)
        caller = await callers.caller(key)
        actor = claims.claiming(caller.actor, request.headers)
        asking = Asking(actor, Addresses(public_url or _base_url(request), signing), caller.proof)
        try:
            if (announced(request) or MAX_DOCUMENT) <= SHORT:
                held = await body(request, SHORT)
                changing = b"mutation" in held
                async with work.turn(actor.user_id, CHANGES_AT_ONCE if changing else AT_ONCE):
                    return await told(request, asking, held, changing=changing)
            async with work.turn(actor.user_id):
                return await told(request, asking, await body(request, MAX_DOCUMENT), changing=False)
        except Unauthorized:
            callers.forget(key)
            raise

    async def file_stream(request: Request) -> Response:
        actor = await who(request)
        async with work.turn(actor.user_id):
            held = await body(request, MAX_CHUNK)
            return await work.do(request, lambda budget: _stream(store, actor, request.path_params, held))

    async def upload(request: Request) -> Response:
        claim = signing.check(Purpose.UPLOAD, request.path_params["token"])
        async with work.turn(claim["user"], UPLOADS_AT_ONCE):
            with SpooledTemporaryFile(max_size=_IN_MEMORY) as held:
                async for chunk in chunks(request):
                    await run_in_threadpool(held.write, chunk)
                held.seek(0)
                await run_in_threadpool(transfer.receive, store, claim, cast(BinaryIO, held))
        return Response(status_code=200)

    async def content(request: Request) -> Response:
        return _file(await run_in_threadpool(transfer.send, store, signing, request.path_params["token"]))

    async def content_by_path(request: Request) -> Response:
        actor = await who(request)
        return _file(await run_in_threadpool(transfer.send_by_path, store, actor, request.path_params["path"]))

    site = Site(store, callers.identify, for_a_page, body)
    routes = [
        Route("/graphql", graphql, methods=["POST"]),
        Route("/", _about),
        Route("/graphql", refuse_method),  # Before the pages of teams, which may have any name.
        Route("/files/{entity}/{project}/{run}/file_stream", file_stream, methods=["POST"]),
        Route(f"/{Purpose.UPLOAD}/{{token}}", upload, methods=["PUT"]),
        Route(f"/{Purpose.DOWNLOAD}/{{token}}/{{name:path}}", content),
        Route("/artifactsV2/{path:path}", content_by_path),
        *site.routes(),
    ]
    # A refusal is an answer wherever it comes from; the rest is a defect, and is said to be one.
    expected = (RegistryError, UnicodeError, OverflowError, RecursionError)
    handlers: dict[Any, Callable[..., Any]] = dict.fromkeys(expected, _refused) | {
        ClientDisconnect: _gone,
        404: site.nothing,
    }
    doors = [Middleware(Doors, hosts=[*hosts])]
    return Application(work, routes=routes, exception_handlers=handlers, middleware=doors)


def _base_url(request: Request) -> str:
    """The address of the socket that the request came to; what it says of a host is not believed."""
    host, port = request.scope.get("server") or ("127.0.0.1", None)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}" if port is None else f"http://{shown}:{port}"


def _known(held: bytes) -> Asked | None:
    """The changes that a request asks for, where that is found out at once: it is small, and its document is known."""
    if len(held) > QUICK:
        return None
    parts = _parts(held)
    return _changing(parts) if is_known(*parts) else None


def _changing(parts: _Parts) -> Asked | None:
    """The changes that a request asks for; None where it changes nothing, or is refused."""
    found = asked(*parts)
    return found if isinstance(found, Asked) and found.changes != 0 else None


def _read_or_asked(store: Store, asking: Asking, budget: Budget, held: bytes) -> Response | Asked:
    """The answer to a request that changes nothing; what another one asks for."""
    found = asked(*_parts(held))
    if isinstance(found, Asked) and found.changes != 0:
        return found
    return _answered(store, asking, budget, found, None)


def _parts(held: bytes) -> _Parts:
    """What a request holds. Raises `Invalid`."""
    body = jsons.read(held, "the request")
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise UnreadableError("expected a JSON object with a query")
    variables, operation = body.get("variables"), body.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(operation, str | None):
        raise UnreadableError("variables is an object, and operationName is text")
    return body["query"], variables, operation or None


def _answered(store: Store, asking: Asking, budget: Budget, found: Asked | Answer, group: Group | None) -> Response:
    with Session(store, asking.actor, asking.addresses, budget, group, asking.proof) as session:
        session.prove()
        told = found if isinstance(found, Answer) else answer(found, Root(session))
    return jsons.Answered(told.body, status_code=told.status)


def _stream(store: Store, actor: Actor, names: Mapping[str, str], held: bytes) -> Response:
    return jsons.Answered(streams.receive(store, actor, names, jsons.read(held, "the request")))


def _key(request: Request) -> str:
    """The API key of a request. W&B's way: HTTP Basic, user `api`, the key as the password. Raises `Unauthorized`."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise Unauthorized("user is not logged in: send an API key as the password of HTTP Basic, with the user api")
    try:
        name, _, key = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise Unauthorized("the Authorization header cannot be read") from error
    if name != "api":
        raise Unauthorized("the user name of HTTP Basic is api, and the password is the API key")
    return key


def _refused(request: Request, error: Exception) -> Response:
    """A request that was refused as a whole, in the shape that the client shows to its user."""
    refused = refusal(error)
    hint = error.hint if isinstance(error, RegistryError) else None
    message = f"{error} ({hint})" if hint else str(error)
    body = {"errors": [{"message": message, "extensions": {"code": refused.code}}], "data": None}
    headers = {"WWW-Authenticate": 'Basic realm="regsync"'} if refused.status == 401 else None
    return jsons.Answered(body, status_code=refused.status, headers=headers)


def _gone(request: Request, error: Exception) -> Response:
    """The client hung up in the middle of its request; nobody reads this."""
    return Response(status_code=400)


def _file(found: bytes | Path) -> Response:
    kind = "application/octet-stream"
    return Response(found, media_type=kind) if isinstance(found, bytes) else FileResponse(found, media_type=kind)


async def refuse_method(request: Request) -> Response:
    """Whatever is not sent with POST to the address of the API."""
    return PlainTextResponse("Method Not Allowed", status_code=405, headers={"Allow": "POST"})


async def _about(request: Request) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/registry/")
    return PlainTextResponse(
        "regsync local serve: the W&B API over an embedded registry. Its pages are at /registry/.\n"
    )
