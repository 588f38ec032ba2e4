"""What a page of `local serve` costs in a large registry, and how many times what it costs in an empty one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from benchmarks import large, worlds
from benchmarks.promoting import serving
from benchmarks.serving import rate
from benchmarks.table import Figure, Results
from regsync.local.store import accounts
from regsync.local.store.database import create_store
from regsync.names import Role

if TYPE_CHECKING:
    import httpx

SIZE = 10_000
"""Collections; ten times as many versions."""
AT_MOST = 3.0


def _after(*key: object) -> str:
    return urlencode({"after": json.dumps(key)})


DEEPEST = {
    "registry, the last page": f"{large.AT}?page=201&{_after('collection-09949')}",
    "collection, the last page": f"{large.BUSY}&page=2000&{_after(50)}",
    "metrics, the last page": f"{large.AT}/metrics?collection=busy&by=n&page=2000&{_after(975, 99_000)}",
}
"""Pages at the end of a list, at the addresses that the pages before them link to."""
GROWING = {
    "registry, the last page by its number": f"{large.AT}?page=200",
    "collection, the last page by its number": f"{large.BUSY}&page=2000",
    "metrics, the last page by its number": f"{large.AT}/metrics?collection=busy&by=val.acc&page=2000",
    "browser, the last page": "/acme-ml/lab/artifacts?page=2200",
    "registry, found by none": f"{large.AT}?q=nothing",
}
"""Pages that walk an index up to where they begin, and a search, which looks at every name: for these there is no goal."""


def browse(results: Results, folder: Path, seconds: float) -> None:
    """Each page in the large registry and in one that is empty, or has one collection where a version is shown."""
    pages = {**large.PAGES, **large.OF_THE_TEAM, **DEEPEST, **GROWING}
    with _site(folder, 0) as nothing, _site(folder, 1) as little, _site(folder, SIZE) as much:
        for name, address in pages.items():
            empty = nothing if nothing.shows(address) else little
            base = empty.cost(address, seconds) if empty.shows(address) else None
            cost = much.cost(address, seconds)
            results.add(Figure(what=name, who="local serve, processor", size=SIZE, seconds=cost))
            if base and cost and name not in GROWING:
                results.at_most(f"{name}, to that of an empty registry", cost / base, AT_MOST)


class _Site:
    """A server, and somebody who is signed in."""

    def __init__(self, client: httpx.Client, process: int) -> None:
        self._client = client
        self._process = process

    def shows(self, address: str) -> bool:
        return self._client.get(address).status_code == 200

    def cost(self, address: str, seconds: float) -> float | None:
        """Processor seconds of the server for a page, measured for so long; None where the system does not tell."""

        def act(_: int) -> int:
            self._client.get(address).raise_for_status()
            return 1

        return rate(seconds, act, self._process)[1]


@contextmanager
def _site(folder: Path, size: int) -> Iterator[_Site]:
    import httpx  # Here, so that what is measured before has a small parent: see `measuring.run`.

    path = folder / f"pages-{size}.db"
    store, _ = create_store(path)
    with store.write() as tx:
        place = accounts.add_organization(tx, "acme")
        alice, _ = accounts.add_user(tx, "alice", worlds.KEY)
        accounts.set_organization_member(tx, place, alice, Role.ADMIN)
        accounts.add_team(tx, place, "acme-ml")
    large.fill(store, size)
    store.close()
    with serving(path) as served, httpx.Client(base_url=served.url, timeout=120) as client:
        client.post("/signin", data={"key": worlds.KEY})
        yield _Site(client, served.process)
