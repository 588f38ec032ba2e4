"""Connections that never become requests: how many there may be, how long they may take, how much of them is logged.

A connection that has sent half a request costs a file handle for as long as its client likes. So its headers must come in
time and be no longer than they ever are, there is an upper number of connections, and when it is reached the one that has waited
longest without a request is closed for the next: who keeps connections idle locks out nobody.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 10.0
"""Longest that the headers of a request may take, from the first byte of the connection or after the last answer."""
MAX_HEAD = 64 * 1024
"""Most bytes of a request's address and headers, and of whatever else is neither those nor its body. Node.js allows 16 KiB."""
MAX_PIPELINED = 32
"""Most requests that one connection sends before the one ahead of them is answered. No more of it is read then, and it is closed once
these are answered: a client sends the others again (RFC 9112, 9.3.2)."""
TAKING_SECONDS = 30.0
"""Longest that a client may take nothing of an answer that waits for it."""
_EACH = 32
"""What a header counts beside its own bytes, as in HTTP/2 (RFC 9113, 6.5.2): a short one takes memory as well."""
_VERSIONS = ("1.0", "1.1")
MAX_CONNECTIONS = 256
LINES_AT_ONCE = 20
"""Most lines of one logger in `LOG_PERIOD` seconds; the next one after that says how many were left out."""
LOG_PERIOD = 10.0


def most_connections() -> int:
    """As many as fit beside the files that requests need."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return MAX_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(8, min(MAX_CONNECTIONS, soft // 3))


class RefusedError(Exception):
    """The head of a request is too long, or not of the HTTP that is spoken here. uvicorn answers 400 to any error of reading one, and
    closes the connection."""


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, read by llhttp, with these limits."""

    most = MAX_CONNECTIONS

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.idle_since = 0.0
        self._head = 0
        """Bytes of address and headers of this request so far, those after its body included."""
        self._unknown = 0
        """Bytes since the last of which it is known what they are: of a header that does not end, say."""
        self._in_head = False
        """Whether a header that comes is one of a request's head; those after its body say nothing (RFC 9110, 6.5.1)."""
        self._is_over = False
        """Whether nothing more is read, because what came last was no request; those before it are still answered."""
        self._deadline: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request of this connection is under way."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self.most:
            idle = [one for one in self.connections if isinstance(one, GuardedProtocol) and one.is_idle]
            if idle:
                min(idle, key=lambda one: one.idle_since).drop()
            else:
                transport.abort()  # All of them are at work; the client tries again.
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self._unknown += len(data)
        super().data_received(data)
        if self._unknown <= MAX_HEAD:
            self._look()
        elif self.is_idle or self.cycle.more_body:
            self.drop()
        else:
            self._read_no_more()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request; never in place of the answer to one before it, which may have been carried out."""
        if not self.is_idle and not self.cycle.more_body:
            self._read_no_more()
        elif not self.is_idle and (self.pipeline or self.cycle.response_started):
            self.drop()
        else:
            super().send_400_response(msg)

    def _read_no_more(self) -> None:
        """The requests that were read are answered, and then the connection is closed."""
        self._is_over = True
        self.cycle.keep_alive = False

    def on_message_begin(self) -> None:
        self._head = self._unknown = 0
        self._in_head = True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + _EACH)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._unknown = 0
        self._in_head = False
        upgrading = self.parser.should_upgrade()
        if (
            len(self.pipeline) >= MAX_PIPELINED
            or self.parser.get_http_version() not in _VERSIONS
            or (upgrading and self._has_body())
        ):
            raise RefusedError
        super().on_headers_complete()
        if upgrading:  # No other protocol is spoken here; llhttp skips what came together with it.
            self.cycle.keep_alive = False

    def _has_body(self) -> bool:
        """Whether a body follows. llhttp would take that of an `Upgrade` for a request of its own, and so carry out what a stranger wrote
        into it."""
        lengths = [value for name, value in self.headers if name in (b"content-length", b"transfer-encoding")]
        return any(length != b"0" for length in lengths)

    def on_body(self, body: bytes) -> None:
        self._unknown = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unknown = 0
        super().on_message_complete()

    def _count(self, length: int) -> None:
        self._head += length
        self._unknown = 0
        if self._head > MAX_HEAD:
            raise RefusedError

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._forget()
        self.idle_since = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_taking()

    def resume_writing(self) -> None:
        self._taken()
        super().resume_writing()

    def _wait_for_taking(self) -> None:
        waits = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(TAKING_SECONDS, self._look_at_taking, waits)

    def _look_at_taking(self, before: int) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._wait_for_taking()
        else:
            self.drop()

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def drop(self) -> None:
        """Close without a word: no request is there to be answered."""
        self._forget()
        self.connections.discard(self)
        if self.transport is not None:
            self.transport.abort()

    def _look(self) -> None:
        """Begin to wait for a request's headers, or stop waiting because they are here."""
        if not self.is_idle:
            self._forget()
        elif self._deadline is None:
            self.idle_since = self.loop.time()
            self._deadline = self.loop.call_later(HEADER_SECONDS, self.drop)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Sparing(logging.Filter):
    """Lets a logger write so much and no more: what strangers do must not fill a disk."""

    def __init__(self) -> None:
        super().__init__()
        self._began = 0.0
        self._written = 0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now - self._began > LOG_PERIOD:
            self._began, self._written = now, 0
        self._written += 1
        if self._written > LINES_AT_ONCE:
            self._left_out += 1
            return False
        if self._left_out:
            record.msg, record.args = f"{record.getMessage()} ({self._left_out} more lines were left out)", ()
            self._left_out = 0
        return True


def spare_the_log() -> None:
    """Bound what the server's loggers write."""
    for name in ("uvicorn.error", "asyncio", "regsync.server"):
        logger = logging.getLogger(name)
        if not any(isinstance(one, Sparing) for one in logger.filters):
            logger.addFilter(Sparing())
