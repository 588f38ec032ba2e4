"""Running the server: a socket, the application, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from regsync.diagnostics import RegsyncError
from regsync.local.server.app import Application
from regsync.local.server.connections import GuardedProtocol, most_connections, spare_the_log
from regsync.local.server.contract import schema

GRACE = 5
"""Seconds that requests under way have to finish after a signal."""
STOPPING = 5
"""Seconds that requests have to stop once they are told to."""
_GARBAGE = 20_000
"""Objects between two collections of garbage; Python's own 700 is less than what a single page makes."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    """A listening socket; port 0 is any free one. Raises `RegsyncError` where it cannot be had.

    Other machines can reach an address that is not loopback, so that needs `allow_remote`.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise RegsyncError(
            f"--host {host}: {error.strerror or error}", hint="give an address of this machine"
        ) from error
    if not allow_remote and not ipaddress.ip_address(address[0]).is_loopback:
        raise RegsyncError(
            f"--host {host}: other machines can reach this address",
            hint="keep 127.0.0.1, or say --allow-remote; keys then cross the network as plain text",
        )
    # The protocol counts: without it asyncio leaves Nagle's algorithm on, which costs 40 ms a request.
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise RegsyncError(
            f"cannot listen on {host} port {port}: {error.strerror or error}",
            hint="leave --port out to have a free one chosen",
        ) from error
    return sock


def url(sock: socket.socket) -> str:
    """The base URL of a listening socket."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """uvicorn that says when it has started, and that ends with status 0 on a signal in place of raising it once more."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None], stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._say_started = started
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._say_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """After the grace, end what is still under way: its thread stops, and nobody closes the registry under it."""
        ending = asyncio.get_running_loop().call_later(GRACE, self._stop)
        try:
            await super().shutdown(sockets)
        finally:
            ending.cancel()
            self._stop()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _settle_memory() -> None:
    """What is made once is not looked at again by each collection of garbage, and a page of a thousand links causes none."""
    schema()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE, 10, 20)


def serve(app: Application, sock: socket.socket, started: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; requests under way may finish. `started` is called once both are so."""
    spare_the_log()
    _settle_memory()
    GuardedProtocol.most = most_connections()
    config = uvicorn.Config(
        app,
        http=GuardedProtocol,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE + STOPPING,
        server_header=False,
    )
    asyncio.run(_Server(config, started, app.work.stop).serve(sockets=[sock]))
