"""What to ask for in order to read things: searches that bring many at once, and look-ups of single things.

A search answers by filter and may not know all: an index of its own may lag, a filter may not be understood. A look-up by name
is what the client itself asks before it creates anything. So searches find, and look-ups decide what is absent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection import documents
from regsync.backends.wandb.connection.answers import a_list, text
from regsync.backends.wandb.connection.documents import Dialect
from regsync.backends.wandb.connection.fetch import Part
from regsync.backends.wandb.connection.options import Options
from regsync.core.live import Scope
from regsync.names import REGISTRY_PREFIX
from regsync.slots import NamedTuple, dataclass

Json = dict[str, Any]
Key = tuple[str, str]
"""Registry and collection."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read: settings of `registries`, with the members of those in `members`; whole registries; the named
    collections, with their links (`linked`) or without (`bare`). Whole registries are asked for once their names are known."""

    registries: frozenset[str]
    members: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    linked: frozenset[Key] = frozenset()
    bare: frozenset[Key] = frozenset()

    def without_whole(self) -> Wanted:
        """What is left without the whole registries."""
        return Wanted(
            self.registries - self.whole,
            self.members - self.whole,
            frozenset(),
            frozenset(key for key in self.linked if key[0] not in self.whole),
            frozenset(key for key in self.bare if key[0] not in self.whole),
        )


def wanted_of(scope: Scope) -> Wanted:
    """What a scope needs."""
    return Wanted(
        frozenset(scope),
        frozenset(name for name, each in scope.items() if each.members),
        frozenset(name for name, each in scope.items() if each.collections is None),
        frozenset((name, collection) for name, each in scope.items() for collection in each.collections or ()),
    )


OF_AN_ANSWER = frozenset(
    {"refused", "denied", "partial-answer", "malformed-answer", "incomplete-list", "endless-list", "changed-while-read"}
)
"""Codes of errors that are of what was asked."""
MAY_BE_OF_AN_ANSWER = frozenset({"server-error", "timeout", "broken", "not-the-api"})
"""Codes of errors that may be; all others are of the connection or the key."""


class Beside(Protocol):
    """What is asked in the requests of a read, and is no part of it."""

    def parts(self, dialect: Dialect) -> Sequence[Part]: ...

    def take(self, answers: Sequence[Any], dialect: Dialect) -> None: ...

    def lose(self, error: BackendError) -> None:
        """No answer came, however often it was asked with the read."""
        ...


class Found(NamedTuple):
    """The nodes that answers brought, by kind."""

    registries: list[Json]
    collections: list[Json]
    links: list[Json]
    unfinished: list[Key]
    """Collections with more links than were asked for beside them; none of theirs are in `links`."""
    hidden: Counter[Key]
    """By collection that was looked up, how many of its links came as null."""
    proven: bool
    """Whether each collection showed its links itself; else a search did."""


class Asked:
    """The parts for what is wanted, and their answers put back together. `exactly`: each named thing is looked up by its name."""

    def __init__(self, wanted: Wanted, options: Options, entity: str, *, exactly: bool = False) -> None:
        self._wanted = wanted
        self._options = options
        self._entity = entity
        self._exactly = exactly
        self._kinds: list[tuple[str, Part]] = []

    @property
    def number(self) -> int:
        """How many parts there are."""
        return len(self._kinds)

    def parts(self, dialect: Dialect) -> list[Part]:
        """Settings first; then for each group of collections the collections and, beside them, their links."""
        self._kinds = [*self._settings(dialect), *self._collections(dialect)]
        return [part for _, part in self._kinds]

    def sort(self, answers: Sequence[Any]) -> Found:
        """All nodes. What a look-up did not find is left out."""
        proven = not any(kind == "links" for kind, _ in self._kinds)
        found = Found([], [], [], [], Counter(), proven)
        for (kind, part), answer in zip(self._kinds, answers, strict=False):
            match kind:
                case "registry":
                    found.registries.extend([answer] if answer else [])
                case "collections-of":
                    home = {"name": part.variables["name"].value}
                    for node in filter(None, (answer or {}).values()):
                        found.collections.append({**node, "project": node["project"] or home})
                        _take_links(found.collections[-1], found)
                case "registries":
                    found.registries.extend(answer)
                case "collections":
                    found.collections.extend(answer)
                case _:
                    found.links.extend(answer)
        return found

    def _settings(self, dialect: Dialect) -> Iterator[tuple[str, Part]]:
        wanted = self._wanted
        for with_members in (False, True):
            names = wanted.registries & wanted.members if with_members else wanted.registries - wanted.members
            if self._exactly:
                for name in sorted(names):
                    yield "registry", documents.registry(name, self._entity, dialect, members=with_members)
                continue
            for group in self._groups(names):
                yield "registries", documents.registries(group, dialect, members=with_members)

    def _collections(self, dialect: Dialect) -> Iterator[tuple[str, Part]]:
        linked, bare = self._wanted.linked, self._wanted.bare - self._wanted.linked
        for keys, with_links in ((linked, True), (bare, False)):
            for registry in sorted({name for name, _ in keys}):
                for group in self._groups(collection for name, collection in keys if name == registry):
                    yield from self._group(registry, group, dialect, with_links=with_links)

    def _group(
        self, registry: str, names: list[str], dialect: Dialect, *, with_links: bool
    ) -> Iterator[tuple[str, Part]]:
        together = with_links and self._exactly and dialect.collection_links
        if self._exactly:
            yield "collections-of", documents.collections_of(registry, self._entity, names, dialect, linked=together)
        else:
            yield "collections", documents.collections([registry], names, dialect)
        if with_links and not together:
            for few in self._groups(names, documents.COLLECTIONS_OF_LINKS):
                yield "links", documents.links([registry], few)

    def _groups(self, names: Iterable[str], most: int | None = None) -> Iterable[list[str]]:
        ordered, size = sorted(names), min(self._options.names_per_list, most or self._options.names_per_list)
        return (ordered[start : start + size] for start in range(0, len(ordered), size))


def _take_links(node: Json, found: Found) -> None:
    """The links beside a collection that was looked up, where they were asked for."""
    if "artifactMemberships" not in node:
        return
    page = node["artifactMemberships"]
    key = text(node["project"], "name").removeprefix(REGISTRY_PREFIX), text(node, "name")
    if page["pageInfo"]["hasNextPage"]:
        found.unfinished.append(key)
        return
    for edge in a_list(page, "edges"):
        if edge is None or edge["node"] is None:
            found.hidden[key] += 1
        else:
            found.links.append(within(key, edge["node"]))


def within(key: Key, link: Json) -> Json:
    """A link that a collection itself showed, where the answer need not say again which one that is."""
    where = {"name": key[1], "project": {"name": REGISTRY_PREFIX + key[0]}}
    return {**link, "artifactCollection": where}
