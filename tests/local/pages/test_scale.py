"""Pages at five times the size: the same statements, the same work in SQLite, the same length. Seconds are in `make bench`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urljoin

import pytest
from starlette.testclient import TestClient

from benchmarks import large
from regsync.local.server.app import create_app
from regsync.local.store import accounts, aliases, collections, registries
from regsync.local.store.database import Store, Transaction, create_store
from tests.attack.people import KEYS, make_world

SIZES = (110, 550)
_ROW = r'<th scope="row"><a [^>]*>(v\d+)</a>'
_STEPS = 10
MOST_STATEMENTS = 40
"""For any page."""


class Cost(NamedTuple):
    """Statements, steps of SQLite's machine (in tens), characters of the page."""

    statements: int
    steps: int
    length: int


class Counted(Store):
    """Counts what its transactions ask SQLite for."""

    statements: int = 0
    steps: int = 0

    def _step(self) -> int:
        self.steps += 1
        return 0

    def _statement(self, text: str) -> None:
        self.statements += 1

    @contextmanager
    def _transaction(self, *given: Any, **options: Any) -> Iterator[Transaction]:
        with super()._transaction(*given, **options) as tx:
            tx._connection.set_progress_handler(self._step, _STEPS)
            tx._connection.set_trace_callback(self._statement)
            try:
                yield tx
            finally:
                tx._connection.set_trace_callback(None)


class Site(NamedTuple):
    """The pages over a file of one size."""

    store: Counted
    client: TestClient

    def cost(self, address: str) -> Cost:
        self.store.statements = self.store.steps = 0
        answer = self.client.get(address)
        assert answer.status_code == 200, address
        return Cost(self.store.statements, self.store.steps, len(answer.text))


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Site]]:
    made = []
    for size in SIZES:
        path = tmp_path_factory.mktemp("large") / "registry.db"
        store, _ = create_store(path)
        make_world(store)
        large.fill(store, size)
        store.close()
        counted = Counted(path)
        made.append(Site(counted, TestClient(create_app(counted), base_url="http://127.0.0.1")))
    yield made
    for site in made:
        site.client.close()
        site.store.close()


@pytest.mark.parametrize("who", ["alice", "bob", "carol"])
def test_a_page_costs_the_same_at_five_times_the_size(sites: list[Site], who: str) -> None:
    """An admin of the organization; a member who is in the team; a viewer who is in no team."""
    for site in sites:
        site.client.cookies.clear()
        assert site.client.post("/signin", data={"key": KEYS[who]}).status_code in (200, 303)
    pages = large.PAGES if who == "carol" else large.PAGES | large.OF_THE_TEAM
    grown = {}
    for name, address in pages.items():
        small, big = (site.cost(address) for site in sites)
        same = big.statements == small.statements <= MOST_STATEMENTS
        if not same or big.steps > small.steps * 1.1 + 20 or big.length > small.length * 1.1:
            grown[name] = (small, big)
    assert not grown


def test_a_version_with_many_aliases_asks_no_more_than_one_with_few(sites: list[Site]) -> None:
    site = sites[0]
    site.client.post("/signin", data={"key": KEYS["alice"]})
    address = f"{large.BUSY}&view=membership&version=v3"
    before = site.cost(address).statements
    with site.store.write() as tx:
        busy = collections.get(tx, registries.get(tx, accounts.organization(tx, "acme"), large.REGISTRY), "busy")
        aliases.set_aliases(tx, busy, 3, [f"another-{number}" for number in range(30)])
    assert site.cost(address).statements == before


def test_what_a_cut_list_does_not_show_can_be_typed(sites: list[Site]) -> None:
    client = sites[-1].client
    client.post("/signin", data={"key": KEYS["bob"]})
    text = client.get(f"{large.OF_THE_TEAM['link, artifact']}").text
    assert '<input id="artifact" name="artifact" list="artifact-list"' in text
    assert '<option value="collection-00098">' in text
    assert "collection-00549" not in text
    assert ">v0<" in client.get(f"{large.OF_THE_TEAM['link, artifact']}&artifact=collection-00549").text
    assert (
        'name="source_version"'
        not in client.get(f"{large.OF_THE_TEAM['link, artifact']}&artifact=collection-99999").text
    )
    into = client.get(f"{large.OF_THE_TEAM['publish']}&into=big%2Fcollection-00549")
    assert "Link a version" in into.text
    assert "collection-00549" in into.text
    assert 'name="into"' in client.get(f"{large.OF_THE_TEAM['publish']}&into=vault%2Fweights").text


_LISTS = {
    "collections": (large.AT, r"<h3><a [^>]*>([^<]*)</a></h3>", SIZES[0] + 1),
    "versions": (large.BUSY, r"<h3>(v\d+)</h3>", SIZES[0] * large.VERSIONS),
    "metrics": (f"{large.AT}/metrics?collection=busy", _ROW, SIZES[0] * large.VERSIONS),
    "metrics, the best first": (
        f"{large.AT}/metrics?collection=busy&by=val.acc&down=1",
        _ROW,
        SIZES[0] * large.VERSIONS,
    ),
}


@pytest.mark.parametrize("name", _LISTS)
def test_every_row_is_on_one_page_on_the_way_there_and_back(sites: list[Site], name: str) -> None:
    address, pattern, count = _LISTS[name]
    client = sites[0].client
    client.post("/signin", data={"key": KEYS["bob"]})

    def walk(address: str, link: str) -> list[tuple[str, list[str]]]:
        found = []
        following: str | None = address
        while following:
            text = client.get(following).text
            found.append((following, re.findall(pattern, text)))
            to = re.search(rf'<a href="([^"]*)">{link}</a>', text)
            following = urljoin(address, unescape(to[1])) if to else None
        return found

    there = walk(address, "Next")
    rows = [row for _, page in there for row in page]
    assert len(rows) == len(set(rows)) == count
    back = walk(there[-1][0], "Previous")
    assert [page for _, page in reversed(back)] == [page for _, page in there]
    number = len(there) - 1
    by_number = f"{address}{'&' if '?' in address else '?'}page={number}"
    assert re.findall(pattern, client.get(by_number).text) == there[number - 1][1]


def test_odd_marks_of_pages_are_pages(sites: list[Site]) -> None:
    client = sites[0].client
    client.post("/signin", data={"key": KEYS["bob"]})
    marks = (
        "x",
        "[]",
        "[1]",
        '["\\ud800"]',
        "[null, 1]",
        "[NaN, 1]",
        "[1e999, 1]",
        "[true, 1]",
        f"[{10**30}, 1]",
        "[" * 2000,
    )
    for address, _, _ in _LISTS.values():
        path, _, query = address.partition("?")
        for mark in marks:
            for name in ("after", "before"):
                answer = client.get(path, params={**dict(parse_qsl(query)), "page": "2", name: mark})
                assert answer.status_code == 200, (address, name, mark)
