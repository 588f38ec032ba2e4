"""Requests that read are worked on one at a time, and none of them keeps the others waiting for long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from regsync.local.server import connections, work
from regsync.local.server.app import create_app
from regsync.local.server.budget import Budget
from regsync.local.store import accounts
from regsync.local.store.database import open_store
from tests.interop.worlds import api_key, make_world


def reading(*acts: Callable[[Budget], Any]) -> list[Any]:
    """What they return, asked for at once by as many clients that stay connected."""

    async def stays() -> Any:
        await asyncio.Event().wait()

    async def all_of_them() -> list[Any]:
        working = work.Work()
        requests = [working.read(Request({"type": "http"}, stays), act) for act in acts]
        return await asyncio.wait_for(asyncio.gather(*requests), 60)

    return asyncio.run(all_of_them())


def test_the_page_of_the_server_says_how_many_there_may_be() -> None:
    page = (Path(__file__).parents[3] / "docs" / "server.md").read_text(encoding="utf-8")
    assert f"| {work.AT_ONCE}; {work.CHANGES_AT_ONCE}; {work.UPLOADS_AT_ONCE}. More of them wait |" in page
    assert f"one that takes longer than {work.QUICK_SECONDS:g} seconds goes on beside the next" in page
    assert (
        f"| {connections.MAX_HEAD // 1024} KiB in {connections.HEADER_SECONDS:g} seconds; {work.BODY_PAUSE:g} seconds |"
        in page
    )
    assert (
        f"| {connections.MAX_PIPELINED}, then the connection is closed; {connections.TAKING_SECONDS:g} seconds |"
        in page
    )


def test_quick_ones_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "QUICK_SECONDS", 600)
    guard = threading.Lock()

    def alone(_: Budget) -> bool:
        free = guard.acquire(blocking=False)
        threading.Event().wait(0.002)
        if free:
            guard.release()
        return free

    assert reading(*[alone] * 8) == [True] * 8


def test_a_slow_one_keeps_nobody_waiting() -> None:
    """It goes on until all the others, which came later, are done."""
    others, done = 3, threading.Semaphore(0)

    def slow(_: Budget) -> bool:
        return all(done.acquire(timeout=30) for _ in range(others))

    def quick(_: Budget) -> bool:
        done.release()
        return True

    assert reading(slow, *[quick] * others) == [True] * (others + 1)


def test_one_that_fails_lets_the_next_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "QUICK_SECONDS", 600)

    def fails(_: Budget) -> None:
        raise ValueError

    async def both() -> str:
        working = work.Work()
        request = Request({"type": "http"}, lambda: asyncio.Event().wait())  # type: ignore[arg-type,return-value]
        with pytest.raises(ValueError):
            await working.read(request, fails)
        return await asyncio.wait_for(working.read(request, lambda _: "done"), 60)

    assert asyncio.run(both()) == "done"


def test_a_read_that_looks_like_a_change_waits_as_a_read_and_keeps_no_change_waiting(tmp_path: Path) -> None:
    make_world(tmp_path / "registry.db")
    store = open_store(tmp_path / "registry.db")
    with store.read() as tx:
        bob = accounts.actor(tx, "bob").user_id
    app = create_app(store)

    async def ask(document: str) -> dict[str, Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            answer = await client.post("/graphql", json={"query": document}, auth=("api", api_key("bob")))
        told: dict[str, Any] = answer.json()["data"]
        return told

    async def both() -> None:
        turn = app.work.turn(bob)
        for _ in range(work.AT_ONCE):
            await turn.acquire()
        read = asyncio.create_task(ask("{ viewer { name } } # no mutation"))
        changed = await ask("mutation { generateApiKey(input: {}) { apiKey { description } } }")
        assert changed["generateApiKey"] is not None
        await ask("mutation { generateApiKey(input: {}) { apiKey { id } } }")
        assert not read.done()
        turn.release()
        assert await read == {"viewer": {"name": "bob"}}

    asyncio.run(asyncio.wait_for(both(), 60))
    store.close()
