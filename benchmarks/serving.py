"""What `local serve` can do: pages and changes a second, for one client and for eight, and whether each gets its share."""

from __future__ import annotations

import itertools
import json
import shutil
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from benchmarks import worlds
from benchmarks.asking import Ask, Served, Variant, cost, in_turn, once, processor, request
from benchmarks.asking import rate as answered
from benchmarks.measuring import run
from benchmarks.planning import REGSYNC, seeded
from benchmarks.promoting import serving
from benchmarks.table import Figure, Results

CLIENTS = 8
AT_FIRST = 230
"""Alias moves and links a second when the goals were set, from the issue that sets them ("A million bindings"): an apply over HTTP did
4,203 operations in 17.7 s, on a machine with two cores."""
_REGISTRY = 3
"""The registry itself, and its two protected aliases; beside them each binding is a link and an alias, ten to a collection."""
SIZE = 10_000
WHO = "local serve, processor"
LINK = "mutation New($input: LinkArtifactInput!) { linkArtifact(input: $input) { versionIndex } }"
Nodes = list[dict[str, Any]]
_VERSION = (
    "id digest state versionIndex artifactType { name } artifactSequence { name project { name entity { name } } }"
)
_LINK = (
    f"id versionIndex aliases {{ alias }} artifactCollection {{ name project {{ name }} }} artifact {{ {_VERSION} }}"
)
_COLLECTION = (
    "__typename id name description project { name } defaultArtifactType { name }"
    " tags { edges { node { name } } pageInfo { hasNextPage endCursor } }"
)
PAGE = (
    'query Page($collections: JSONString) { organization(name: "acme") { orgEntity { name'
    f" c: artifactCollections(filters: $collections, first: 100) {{ edges {{ node {{ {_COLLECTION} }} }} }}"
    f" l: artifactMemberships(collectionFilters: $collections, first: 1000) {{ edges {{ node {{ {_LINK} }} }} }} }} }} }}"
)
"""100 collections with their links: what regsync itself asks for."""


def rate(seconds: float, act: Callable[[int], int], process: int) -> tuple[float, float | None]:
    """How often a second `act` can be done, measured for so long; and the process's processor seconds for each."""
    act(0)
    done, started, spent = 0, time.perf_counter(), processor(process)
    while time.perf_counter() - started < seconds:
        done += act(done)
    after = processor(process)
    return done / (time.perf_counter() - started), None if spent is None or after is None else (after - spent) / done


def bootstrap(results: Results, folder: Path) -> None:
    """Applying manifests to an empty registry over HTTP: operations a second on the clock, client and all, and what each costs the
    server's processor, the look-ups before and after it included."""
    size = 2_000
    here = seeded(folder, size)
    operations = 2 * size + size // len(worlds.ALIASES) + _REGISTRY
    fresh = here / "bootstrapped.db"
    shutil.copy(here / "bare.db", fresh)
    with serving(fresh) as served:
        environment = {"WANDB_API_KEY": worlds.KEY, "REGSYNC_STATE_DIR": str(here / "state")}
        spent = processor(served.process)
        apply = ("--backend", f"wandb:{served.url}", "apply", str(here / "same.yaml"), "--auto-approve")
        found = run(*REGSYNC, *apply, folder=here, environment=environment)
        after = processor(served.process)
    what, often = "apply, from nothing, over HTTP", operations / found.seconds
    results.add(
        Figure(
            what=what,
            who="regsync",
            size=size,
            seconds=found.seconds,
            megabytes=found.megabytes,
            processor=found.processor,
            rate=often,
        )
    )
    results.at_least(f"{what}: operations a second, to {AT_FIRST}", often / AT_FIRST, 5)
    if spent is not None and after is not None:
        cost = (after - spent) / operations
        what = "one operation of it"
        results.add(Figure(what=what, who="local serve, processor", size=size, seconds=cost, rate=1 / cost))
        results.at_least(f"{what}: a second of the server's processor, to {AT_FIRST}", 1 / cost / AT_FIRST, 5)


def serve(results: Results, folder: Path, seconds: float) -> None:
    """Pages, changes, and both at once. What one costs is the server's own processor time: the wall belongs to the clients as
    well, which share the machine with it. One client and eight are measured in turn, since a machine's speed changes."""
    here = seeded(folder, SIZE)
    fresh = here / "served.db"
    shutil.copy(here / "registry.db", fresh)
    with serving(fresh) as served:
        asking = _Asking(served)
        _pages(results, asking, seconds)
        _moves_of_a_document(results, asking, seconds)
        _changes(results, asking, seconds)
        _mixed(results, asking, seconds)


class _Asking:
    """The requests of clients of one server."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._request = cache(partial(self._page, served.url))
        shown = once(served.url, self._request(0))["organization"]["orgEntity"]["l"]["edges"]
        self._nodes: Nodes = [edge["node"] for edge in shown]
        self._new = itertools.count()
        self.move = cache(self._move)

    @staticmethod
    def _page(url: str, number: int) -> bytes:
        names = [f"collection-{n:05d}" for n in range(number * 100, number * 100 + 100)]
        return request(url, PAGE, {"collections": json.dumps({"name": {"$in": names}})})

    def page(self, place: int, number: int) -> bytes:
        """100 collections, for each client and each time another hundred."""
        return self._request((place + number) % (SIZE // len(worlds.ALIASES) // 100))

    def moves(self, together: int) -> Ask:
        """Aliases are pointed at so many links, each in a mutation of its own."""
        return lambda place, number: self.move(together, (place * 100 + number * together) % len(self._nodes))

    def _move(self, together: int, start: int) -> bytes:
        given = {}
        for number in range(together):
            node = self._nodes[(start + number) % len(self._nodes)]
            at = {
                "entityName": "acme-org",
                "projectName": node["artifactCollection"]["project"]["name"],
                "artifactCollectionName": node["artifactCollection"]["name"],
            }
            given[f"i{number}"] = {"artifactID": node["artifact"]["id"], "aliases": [{**at, "alias": "moving"}]}
        head = ", ".join(f"${name}: AddAliasesInput!" for name in given)
        fields = " ".join(f"m{name}: addAliases(input: ${name}) {{ success }}" for name in given)
        return request(self.served.url, f"mutation Move({head}) {{ {fields} }}", given)

    def link(self, place: int, number: int) -> bytes:
        """A version is linked where it is not yet: a thousand of them into a new collection, and so on."""
        made = next(self._new)
        node = self._nodes[made % len(self._nodes)]
        where = {"entityName": "acme-org", "projectName": node["artifactCollection"]["project"]["name"]}
        name = f"new-{made // len(self._nodes)}"
        given = {**where, "artifactID": node["artifact"]["id"], "artifactPortfolioName": name}
        return request(self.served.url, LINK, {"input": given})

    def mixed(self, place: int, number: int) -> bytes:
        """Every second client reads pages, the others move aliases."""
        return self.page(place, number) if place % 2 == 0 else self.moves(1)(place, number)


def _called(clients: int) -> str:
    return "1 client" if clients == 1 else f"{clients} clients"


def _pages(results: Results, asking: _Asking, seconds: float) -> None:
    variants = {_called(clients): Variant(clients, asking.page) for clients in (1, CLIENTS)}
    found = in_turn(asking.served, variants, seconds)
    for name, each in found.items():
        what = f"page of 100 collections, {name}"
        results.add(Figure(what=what, who=WHO, size=SIZE, seconds=cost(each), rate=answered(each)))
    alone, together = (cost(each) for each in found.values())
    if alone and together:
        results.at_most(f"what a page costs with {CLIENTS} clients, to 1", together / alone, 1.25)


def _moves_of_a_document(results: Results, asking: _Asking, seconds: float) -> None:
    many = 50
    (found,) = in_turn(asking.served, {"": Variant(1, asking.moves(many))}, seconds).values()
    what, often, each = f"alias move, {many} a request", answered(found) * many, cost(found)
    results.add(Figure(what=what, who=WHO, size=SIZE, seconds=each and each / many, rate=often))
    results.at_least(f"alias moves a second, {many} a request, to the {AT_FIRST} at first", often / AT_FIRST, 5)


def _changes(results: Results, asking: _Asking, seconds: float) -> None:
    """Each in a request of its own."""
    for what, ask in (("alias move", asking.moves(1)), ("new link", asking.link)):
        variants = {_called(clients): Variant(clients, ask) for clients in (1, CLIENTS)}
        found = in_turn(asking.served, variants, seconds)
        for name, each in found.items():
            results.add(Figure(what=f"{what}, {name}", who=WHO, size=SIZE, seconds=cost(each), rate=answered(each)))
        often, spent = answered(found[_called(CLIENTS)]), cost(found[_called(CLIENTS)])
        results.at_least(f"{what}s a second of {CLIENTS} clients, to the {AT_FIRST} at first", often / AT_FIRST, 5)
        if spent:  # The clock belongs to the disk as well.
            goal = f"{what}s of {CLIENTS} clients: a second of the server's processor, to {AT_FIRST}"
            results.at_least(goal, 1 / spent / AT_FIRST, 5)


def _mixed(results: Results, asking: _Asking, seconds: float) -> None:
    """Four that read pages, alone and beside four that move aliases."""
    half = CLIENTS // 2
    variants = {"alone": Variant(half, asking.page), "beside": Variant(CLIENTS, asking.mixed)}
    found = in_turn(asking.served, variants, seconds)
    beside = found["beside"]
    reading, moving = slice(0, None, 2), slice(1, None, 2)
    for what, clients in (("read", reading), ("move", moving)):
        rate_of = answered(beside, clients)
        results.add(
            Figure(
                what=f"{half} clients read, {half} move: those that {what}", who="local serve", size=SIZE, rate=rate_of
            )
        )
        times = [sum(each) for each in zip(*(done.times[clients] for done in beside), strict=True)]
        results.at_most(
            f"{half} clients read, {half} move: most to fewest of those that {what}", max(times) / max(1, min(times)), 2
        )
    share = answered(beside, reading) / answered(found["alone"])
    results.at_least(f"{half} clients read, {half} move: pages, to those of {half} that read alone", share, 0.5)
