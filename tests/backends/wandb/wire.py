"""A relay on loopback between regsync and a real server, which can do to any exchange what networks do."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One POST: its number, counted from 0, and what it asks for."""

    number: int
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> str:
        return str(json.loads(self.body)["query"])

    @property
    def variables(self) -> Json:
        return dict(json.loads(self.body)["variables"])

    @property
    def writes(self) -> bool:
        return self.document.startswith("mutation")


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent back. `cut`: the connection ends after that many bytes of the body; -1: before the first byte of all."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None

    @property
    def json(self) -> Json:
        return dict(json.loads(self.body))


DROPPED = Response(0, b"", cut=-1)
Forward = Callable[..., Response]
"""Sends the request on, or (given one) another body in place of its own."""
Behaviour = Callable[[Request, Forward], Response]


def as_json(body: Json, status: int = 200, **headers: str) -> Response:
    return Response(status, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})


def honest(request: Request, forward: Forward) -> Response:
    """Passes everything on."""
    return forward()


class _Quiet(ThreadingHTTPServer):
    """Clients that leave in the middle are what this is for."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class Relay:
    """Passes requests on to a server, as `behave` says. `requests` holds what came in."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.behave: Behaviour = honest
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._under_way = 0
        self._http = httpx.Client(base_url=upstream, trust_env=False, timeout=60)
        self._server = _Quiet(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def reset(self, behave: Behaviour = honest) -> None:
        """Forget what came in, and behave differently from now on."""
        self.behave = behave
        self.requests = []

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._http.close()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> Response:
        with self._lock:
            request = Request(len(self.requests), path, headers, body)
            self.requests.append(request)
            self._under_way += 1
        try:
            return self.behave(request, lambda body=request.body: self._forward(request, body))
        finally:
            with self._lock:
                self._under_way -= 1

    def settle(self) -> None:
        """Wait until nothing is under way any more, not even what nobody waits for."""
        while self._under_way:
            time.sleep(0.005)

    def _forward(self, request: Request, body: bytes) -> Response:
        kept = {name: value for name, value in request.headers.items() if name in {"authorization", "content-type"}}
        answer = self._http.post(request.path, content=body, headers=kept)
        return Response(answer.status_code, answer.content, {"Content-Type": answer.headers["content-type"]})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = relay.take(self.path, headers, self.rfile.read(length))
                if answer.cut == -1:
                    self._break()
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])
                if answer.cut is not None:
                    self._break()

            def _break(self) -> None:
                """End the connection the hard way: the other side sees a reset."""
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def relay(upstream: str) -> Iterator[Relay]:
    """A relay to a server, for as long as the block lasts."""
    made = Relay(upstream)
    try:
        yield made
    finally:
        made.close()
