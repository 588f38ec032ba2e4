"""What every request must bring, whatever its address: a host that is this server, and no other site behind it.

A page that somebody looks at in a browser can send requests to a server on the same machine. Against that: a body must say that
it is JSON (a form cannot; the few addresses that take forms ask each for a proof of its session), an `Origin` must be the
server's own, and the `Host` must be a name that only this server's users have, so that a name which a stranger points at
127.0.0.1 (DNS rebinding) is refused.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from regsync.local.pages.site import FORM, POSTED

_JSON = "application/json"


class Doors:
    """Refuses requests that come from another site, before anything is read."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self.app = app
        self.hosts = frozenset({"localhost", socket.gethostname().lower(), *(host.lower() for host in hosts)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (self.app if refusal is None else refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return _refused(421, "this server is not known by that host name; see `regsync local serve --allow-host`")
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"{scope['scheme']}://{hosts[0]}".lower():
            return _refused(403, "requests from other sites are refused")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        wanted = FORM if scope["path"].startswith(POSTED) else _JSON
        if scope["method"] == "POST" and kind != wanted:
            if wanted == FORM:
                return _refused(415, f"the body must be a form, with the header Content-Type: {FORM}")
            return _refused(415, f"the body must be JSON, with the header Content-Type: {_JSON}")
        return None

    def _is_ours(self, host: str) -> bool:
        name = _name_in(host)
        return name is None or name in self.hosts


@lru_cache(maxsize=256)
def _name_in(host: str) -> str | None:
    """The name, in small letters; None for an address, which is always ours: only names can be made to point here by somebody else."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return name.lower().rstrip(".")
    return None


def _refused(status: int, message: str) -> JSONResponse:
    codes = {403: "FORBIDDEN_ORIGIN", 415: "UNSUPPORTED_MEDIA_TYPE", 421: "MISDIRECTED_REQUEST"}
    return JSONResponse(
        {"errors": [{"message": message, "extensions": {"code": codes[status]}}], "data": None}, status_code=status
    )
