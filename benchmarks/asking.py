"""Clients of `local serve` that cost little themselves: connections of one thread, over which requests go that are bytes already.

Clients with a library each would share one interpreter, and be the limit themselves: eight threads with httpx made 510 to 570 changes
a second on a machine with two cores, these 600 to 790 of the same server.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import statistics
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from benchmarks import worlds

Ask = Callable[[int, int], bytes]
"""The request that a client (0, 1, …) sends as its nth."""
ROUNDS = 5


class Served(NamedTuple):
    """A server, and the process that it is."""

    url: str
    process: int


class Done(NamedTuple):
    """What clients were answered: how often each, in how many seconds, and processor seconds of the server for each answer."""

    times: list[int]
    seconds: float
    cost: float | None

    def rate(self, clients: slice = slice(None)) -> float:
        """Answers a second, of all clients or of some."""
        return sum(self.times[clients]) / self.seconds


class Variant(NamedTuple):
    """So many clients at once, and what they ask."""

    clients: int
    ask: Ask


def request(url: str, document: str, variables: dict[str, Any]) -> bytes:
    """A document as alice sends it."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    key = b64encode(b"api:" + worlds.KEY.encode()).decode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAuthorization: Basic {key}\r\n"
        f"Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection:
    """One client, with a connection of its own."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._held = b""

    def answer(self) -> bytes | None:
        """The body of the answer, once all of it is here; None before. Raises `SystemExit` for a refusal."""
        self._held += self.socket.recv(1024 * 1024)
        head, end, body = self._held.partition(b"\r\n\r\n")
        if self._held and not end:
            return None
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if lengths and len(body) < int(lengths[0].partition(b":")[2]):
            return None
        if not head.startswith(b"HTTP/1.1 200 ") or body.startswith(b'{"errors"'):
            raise SystemExit(f"the server refuses: {self._held[:500].decode(errors='replace')}")
        self._held = b""
        return body


def once(url: str, sent: bytes) -> dict[str, Any]:
    """The data of one answer."""
    connection, body = _Connection(url), None
    with connection.socket:
        connection.socket.sendall(sent)
        while body is None:
            body = connection.answer()
    data: dict[str, Any] = json.loads(body)["data"]
    return data


def drive(served: Served, variant: Variant, seconds: float) -> Done:
    """Each client asks as soon as it has been answered, for so long and at least once."""
    times = [0] * variant.clients
    connections = [_Connection(served.url) for _ in times]
    with selectors.DefaultSelector() as selector:
        for place, each in enumerate(connections):
            selector.register(each.socket, selectors.EVENT_READ, place)
        spent, began, waiting = processor(served.process), time.perf_counter(), len(times)
        for place, each in enumerate(connections):
            each.socket.sendall(variant.ask(place, 0))
        while waiting:
            for key, _ in selector.select():
                place = key.data
                if connections[place].answer() is None:
                    continue
                times[place] += 1
                if time.perf_counter() - began < seconds:
                    connections[place].socket.sendall(variant.ask(place, times[place]))
                else:
                    waiting -= 1
        took, after = time.perf_counter() - began, processor(served.process)
    for each in connections:
        each.socket.close()
    return Done(times, took, None if spent is None or after is None else (after - spent) / sum(times))


def in_turn(served: Served, variants: Mapping[str, Variant], seconds: float) -> dict[str, list[Done]]:
    """Several variants, one after the other and again: so much of the time each, in `ROUNDS` rounds."""
    for variant in variants.values():
        drive(served, variant, 0)
    found: dict[str, list[Done]] = {name: [] for name in variants}
    for _ in range(ROUNDS):
        for name, variant in variants.items():
            found[name].append(drive(served, variant, seconds / ROUNDS))
    return found


def rate(found: list[Done], clients: slice = slice(None)) -> float:
    """The median of answers a second."""
    return statistics.median(each.rate(clients) for each in found)


def cost(found: list[Done]) -> float | None:
    """The median of processor seconds for an answer; None where the system does not tell."""
    costs = [each.cost for each in found if each.cost is not None]
    return statistics.median(costs) if costs else None


def processor(process: int) -> float | None:
    """Processor seconds of a process so far; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
