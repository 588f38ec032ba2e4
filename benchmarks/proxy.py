"""A proxy that makes a server on this machine as far away as a real one: each request waits, and is counted."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length", "upgrade", "te", "trailer"}


class Proxy:
    """Where it listens, and when each request came and was answered."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._times: list[tuple[float, float]] = []
        self._guard = threading.Lock()

    def note(self, began: float, ended: float) -> None:
        """One more request."""
        with self._guard:
            self._times.append((began, ended))

    @property
    def requests(self) -> int:
        """How many requests have been answered."""
        return len(self._times)

    @property
    def in_turn(self) -> int:
        """The most of them of which each came after the one before was answered."""
        found, free = 0, 0.0
        for ended, began in sorted((ended, began) for began, ended in self._times):
            if began >= free:
                found, free = found + 1, ended
        return found


@contextmanager
def far_away(url: str, milliseconds: int) -> Iterator[Proxy]:
    """A proxy to the server at `url`; every request takes that many milliseconds more."""
    target = urlsplit(url)
    local = threading.local()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def forward(self) -> None:
            began = time.perf_counter()
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            time.sleep(milliseconds / 1000)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            if not hasattr(local, "upstream"):
                local.upstream = http.client.HTTPConnection(target.hostname or "", target.port)
            try:
                local.upstream.request(self.command, self.path, body, headers)
                answer = local.upstream.getresponse()
                text = answer.read()
            except (http.client.HTTPException, OSError):  # The server closed it between two requests.
                local.upstream.close()
                proxy.note(began, time.perf_counter())
                self.send_error(502)
                return
            proxy.note(began, time.perf_counter())  # Before the answer is sent: what follows it comes later.
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_HEAD = forward  # noqa: N815 - the names that the standard library calls

        def log_message(self, *_: Any) -> None:
            """Nothing: the figures are what is wanted."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
