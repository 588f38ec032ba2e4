"""What `local serve` can do: pages and changes a second, for one client and for eight, and whether each gets its share."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import worlds
from benchmarks.measuring import run
from benchmarks.planning import REGSYNC, seeded
from benchmarks.promoting import serving
from benchmarks.table import Figure, Results

CLIENTS = 8
AT_FIRST = 230
"""Operations a second of such an apply before anybody had looked at it: 4,203 in 17.7 s, on a machine with two cores."""
_REGISTRY = 3
"""The registry itself, and its two protected aliases; beside them each binding is a link and an alias, ten to a collection."""
LINK = "mutation New($input: LinkArtifactInput!) { linkArtifact(input: $input) { versionIndex } }"
Edges = list[dict[str, Any]]
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


class Client:
    """One client with a connection of its own."""

    def __init__(self, url: str) -> None:
        import httpx  # Here, so that what is measured before has a small parent: see `measuring.run`.

        self._http = httpx.Client(base_url=url, auth=("api", worlds.KEY), timeout=120)

    def ask(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = self._http.post("/graphql", json={"query": document, "variables": variables}).json()
        if answer.get("errors"):
            raise SystemExit(f"the server refuses: {answer['errors'][0]['message']}")
        data: dict[str, Any] = answer["data"]
        return data

    def page(self, number: int) -> dict[str, Any]:
        """100 collections, another hundred for each number."""
        names = [f"collection-{n:05d}" for n in range(number * 100, number * 100 + 100)]
        return self.ask(PAGE, {"collections": json.dumps({"name": {"$in": names}})})


def rate(seconds: float, act: Callable[[int], int], process: int) -> tuple[float, float | None]:
    """How often a second `act` can be done, measured for so long; and the process's processor seconds for each."""
    act(0)
    done, started, spent = 0, time.perf_counter(), _processor(process)
    while time.perf_counter() - started < seconds:
        done += act(done)
    after = _processor(process)
    return done / (time.perf_counter() - started), None if spent is None or after is None else (after - spent) / done


def _processor(process: int) -> float | None:
    """Processor seconds of a process so far; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
        spent = _processor(served.process)
        apply = ("--backend", f"wandb:{served.url}", "apply", str(here / "same.yaml"), "--auto-approve")
        found = run(*REGSYNC, *apply, folder=here, environment=environment)
        after = _processor(served.process)
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
    """Pages for one client and for eight, then moves. What a page costs is the server's own processor time: the wall belongs
    to the clients as well, which share the machine with it."""
    size = 10_000
    here = seeded(folder, size)
    fresh = here / "served.db"
    shutil.copy(here / "registry.db", fresh)
    with serving(fresh) as served:
        client = Client(served.url)
        pages = size // len(worlds.ALIASES) // 100

        def page(number: int) -> int:
            client.page(number % pages)
            return 1

        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [Client(served.url) for _ in range(CLIENTS)]

            def all_at_once(number: int) -> int:
                return len([*pool.map(lambda each: each.page(number % pages), clients)])

            costs = []
            for what, act in (("1 client", page), (f"{CLIENTS} clients", all_at_once)):
                often, cost = rate(seconds, act, served.process)
                costs.append(cost)
                results.add(
                    Figure(
                        what=f"page of 100 collections, {what}",
                        who="local serve, processor",
                        size=size,
                        seconds=cost,
                        rate=often,
                    )
                )
        if costs[0] and costs[1]:
            results.at_most(f"what a page costs with {CLIENTS} clients, to 1", costs[1] / costs[0], 1.25)
        edges = [edge["node"] for edge in client.page(0)["organization"]["orgEntity"]["l"]["edges"]]
        for together in (1, 50):
            often, cost = rate(seconds, partial(_move, client, edges, together), served.process)
            what = f"alias move, {together} a request"
            results.add(Figure(what=what, who="local serve, processor", size=size, seconds=cost, rate=often))
        _at_once(results, served.url, served.process, seconds, edges, pages)


def _at_once(results: Results, url: str, process: int, seconds: float, edges: Edges, pages: int) -> None:
    """Changes of one client and of eight, each in a request of its own; then four that read pages beside four that move aliases."""

    def move(client: Client, place: int, number: int) -> None:
        _move(client, edges, 1, place * 100 + number)

    def link(client: Client, place: int, number: int) -> None:
        node = edges[number % len(edges)]
        where = {"entityName": "acme-org", "projectName": node["artifactCollection"]["project"]["name"]}
        name = f"new-{begun}-{place}-{number // len(edges)}"
        client.ask(LINK, {"input": {**where, "artifactID": node["artifact"]["id"], "artifactPortfolioName": name}})

    def mixed(client: Client, place: int, number: int) -> None:
        if place % 2:
            client.page(number % pages)
        else:
            move(client, place, number)

    size, who, begun = 10_000, "local serve, processor", 0
    for what, act in (("alias move", move), ("new link", link)):
        rates = []
        for clients in (1, CLIENTS):
            begun += 1
            done, cost = _shares(url, process, seconds, clients, act)
            rates.append(sum(done) / seconds)
            several = "1 client" if clients == 1 else f"{clients} clients"
            results.add(Figure(what=f"{what}, {several}", who=who, size=size, seconds=cost, rate=rates[-1]))
        results.at_least(f"{what}s a second of {CLIENTS} clients, to 1", rates[1] / rates[0], 5)
    done, cost = _shares(url, process, seconds, CLIENTS, mixed)
    results.add(Figure(what="4 clients read, 4 move", who=who, size=size, seconds=cost, rate=sum(done) / seconds))
    results.at_most("4 clients read, 4 move: most done, to fewest", max(done) / max(1, min(done)), 2)


def _shares(
    url: str, process: int, seconds: float, clients: int, act: Callable[[Client, int, int], None]
) -> tuple[list[int], float | None]:
    """How often each of so many clients has done it in so long, and the process's processor seconds for each time."""

    def one(place: int) -> int:
        client, number = known[place], 0
        while time.perf_counter() < end:
            act(client, place, number)
            number += 1
        return number

    known = [Client(url) for _ in range(clients)]
    spent, end = _processor(process), time.perf_counter() + seconds
    with ThreadPoolExecutor(clients) as pool:
        done = [*pool.map(one, range(clients))]
    after = _processor(process)
    return done, None if spent is None or after is None else (after - spent) / max(1, sum(done))


def _move(client: Client, edges: Edges, together: int, start: int) -> int:
    """Point an alias at so many links, each in a mutation of its own."""
    given = {}
    for number in range(together):
        node = edges[(start + number) % len(edges)]
        place = {
            "entityName": "acme-org",
            "projectName": node["artifactCollection"]["project"]["name"],
            "artifactCollectionName": node["artifactCollection"]["name"],
        }
        given[f"i{number}"] = {"artifactID": node["artifact"]["id"], "aliases": [{**place, "alias": "moving"}]}
    head = ", ".join(f"${name}: AddAliasesInput!" for name in given)
    fields = " ".join(f"m{name}: addAliases(input: ${name}) {{ success }}" for name in given)
    client.ask(f"mutation Move({head}) {{ {fields} }}", given)
    return together
