"""The HTTP side: who may ask, and which address does what. Everything but the page at `/` needs a key or a signed address."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from regsync.local.server import streams, transfer
from regsync.local.server.addresses import Addresses, Purpose, Signer
from regsync.local.server.engine import execute, refusal
from regsync.local.server.root import Root
from regsync.local.server.session import Session
from regsync.local.store import accounts
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store
from regsync.local.store.errors import Invalid, RegistryError, Unauthorized

MAX_DOCUMENT = 64 * 1024 * 1024
"""Largest GraphQL request or stream chunk, in bytes."""
_IN_MEMORY = 1024 * 1024

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Unreadable(Invalid):
    """The body of a request is too large or not what it should be."""


def create_app(store: Store, signer: Signer | None = None) -> Starlette:
    """The application over one registry file. Requests run in threads of their own and may overlap."""
    signing = signer or Signer()

    # Who asks is settled before the body is read, so that a stranger can make the server keep nothing.
    async def graphql(request: Request) -> Response:
        actor = await run_in_threadpool(_actor, store, request)
        body = await _json_body(request)
        return await run_in_threadpool(_graphql, store, actor, Addresses(_base_url(request), signing), body)

    async def file_stream(request: Request) -> Response:
        actor = await run_in_threadpool(_actor, store, request)
        body = await _json_body(request)
        return JSONResponse(await run_in_threadpool(streams.receive, store, actor, request.path_params, body))

    async def upload(request: Request) -> Response:
        claim = signing.check(Purpose.UPLOAD, request.path_params["token"])
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as held:
            async for chunk in request.stream():
                await run_in_threadpool(held.write, chunk)
            held.seek(0)
            await run_in_threadpool(transfer.receive, store, claim, cast(BinaryIO, held))
        return Response(status_code=200)

    async def content(request: Request) -> Response:
        return _file(await run_in_threadpool(transfer.send, store, signing, request.path_params["token"]))

    async def content_by_path(request: Request) -> Response:
        def find() -> bytes | Path:
            return transfer.send_by_path(store, _actor(store, request), request.path_params["path"])

        return _file(await run_in_threadpool(find))

    routes = [
        Route("/", _about),
        Route("/graphql", graphql, methods=["POST"]),
        Route("/files/{entity}/{project}/{run}/file_stream", file_stream, methods=["POST"]),
        Route(f"/{Purpose.UPLOAD}/{{token}}", upload, methods=["PUT"]),
        Route(f"/{Purpose.DOWNLOAD}/{{token}}/{{name:path}}", content),
        Route("/artifactsV2/{path:path}", content_by_path),
    ]
    handlers: dict[Any, Callable[..., Any]] = {RegistryError: _refused, ClientDisconnect: _gone}
    return Starlette(routes=routes, exception_handlers=handlers)


def _base_url(request: Request) -> str:
    """How the client itself reached the server; addresses of files start with it."""
    return str(request.base_url).rstrip("/")


def _graphql(store: Store, actor: Actor, addresses: Addresses, body: Any) -> Response:
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise Unreadable("expected a JSON object with a query")
    variables, operation = body.get("variables"), body.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(operation, str | None):
        raise Unreadable("variables is an object, and operationName is text")
    with Session(store, actor, addresses) as session:
        answer = execute(body["query"], variables, operation or None, Root(session))
    return JSONResponse(answer.body, status_code=answer.status)


def _actor(store: Store, request: Request) -> Actor:
    """Who the key of a request stands for. W&B's way: HTTP Basic, user `api`, the key as the password."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise Unauthorized("user is not logged in: send an API key as the password of HTTP Basic, with the user api")
    try:
        name, _, key = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise Unauthorized("the Authorization header cannot be read") from error
    if name != "api":
        raise Unauthorized("the user name of HTTP Basic is api, and the password is the API key")
    with store.read() as tx:
        return accounts.authenticate(tx, key)


async def _json_body(request: Request) -> Any:
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) > MAX_DOCUMENT:
            raise Unreadable(f"the request is larger than {MAX_DOCUMENT} bytes")
    try:
        body = json.loads(held)
        if _SURROGATE.search(held):
            json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the request is not JSON: {error}") from error
    return body


def _refused(request: Request, error: Exception) -> Response:
    """A request that was refused as a whole, in the shape that the client shows to its user."""
    refused = refusal(error)
    hint = error.hint if isinstance(error, RegistryError) else None
    message = f"{error} ({hint})" if hint else str(error)
    body = {"errors": [{"message": message, "extensions": {"code": refused.code}}], "data": None}
    headers = {"WWW-Authenticate": 'Basic realm="regsync"'} if refused.status == 401 else None
    return JSONResponse(body, status_code=refused.status, headers=headers)


def _gone(request: Request, error: Exception) -> Response:
    """The client hung up in the middle of its request; nobody reads this."""
    return Response(status_code=400)


def _file(found: bytes | Path) -> Response:
    kind = "application/octet-stream"
    return Response(found, media_type=kind) if isinstance(found, bytes) else FileResponse(found, media_type=kind)


async def _about(request: Request) -> Response:
    return PlainTextResponse("regsync local serve: the W&B API over an embedded registry. It has no pages.\n")
