"""What the tests run in processes of their own: `python -m tests.local.workers JOB FILE …`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from regsync.local.store import accounts, aliases, artifacts, collections, links, registries
from regsync.local.store.database import open_store
from regsync.names import SourceRef


def link(file: str, start: str, count: str) -> None:
    """Link versions one transaction at a time."""
    store = open_store(Path(file), timeout=60)
    for number in range(int(start), int(start) + int(count)):
        with store.write() as tx:
            registry = registries.get(tx, accounts.organization(tx, "acme"), "model")
            version = artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "detector", f"v{number}"))
            links.link(tx, registry, "fraud", version, [f"n{number}"])


def move(file: str, start: str, count: str) -> None:
    """Move one alias to and fro over the versions of a collection."""
    store = open_store(Path(file), timeout=60)
    for number in range(int(start), int(start) + int(count)):
        with store.write() as tx:
            registry = registries.get(tx, accounts.organization(tx, "acme"), "model")
            aliases.set_aliases(tx, collections.get(tx, registry, "fraud"), number % 3, ["production"])


def endless(file: str) -> None:
    """Link, bind and unlink until somebody kills the process; says so once it has begun."""
    store = open_store(Path(file), timeout=60)
    number = 0
    while True:
        with store.write() as tx:
            registry = registries.get(tx, accounts.organization(tx, "acme"), "model")
            version = artifacts.resolve(tx, SourceRef("acme-ml", "fraud", "detector", f"v{number % 5}"))
            links.link(tx, registry, "fraud", version, ["production"])
            if number % 3 == 0:
                collection = collections.get(tx, registry, "fraud")
                links.unlink(tx, registry, collection, version)
        if number == 3:
            print("begun", flush=True)
        number += 1


def half(file: str) -> None:
    """Write much in one transaction, so that pages reach the file before it is committed; then wait to be killed."""
    store = open_store(Path(file), timeout=60)
    with store.write() as tx:
        tx.run("PRAGMA cache_size = 2")
        registry = registries.get(tx, accounts.organization(tx, "acme"), "model")
        for number in range(400):
            collections.create(tx, registry, f"half-{number}", "model", description="x" * 500)
        print("begun", flush=True)
        time.sleep(600)


def hold(file: str, begin: str) -> None:
    """Keep the file locked until killed."""
    import sqlite3

    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute(f"BEGIN {begin}")
    print("begun", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    {"link": link, "move": move, "endless": endless, "half": half, "hold": hold}[sys.argv[1]](*sys.argv[2:])
