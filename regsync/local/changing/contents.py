"""Changes of what a registry holds: collections, links, aliases.

Two people may look at the same page. Each change carries what its page showed (`seen`): an alias moves from the version that was
shown, or the page asks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from regsync.diagnostics import counted
from regsync.local.changing.change import AsksFirst, Place, escaped
from regsync.local.store import aliases, artifacts, collections, links
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Conflict, Invalid
from regsync.names import SourceRef
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class CreateCollection:
    """An empty collection. Its type never changes."""

    place: Place
    name: str
    type: str
    description: str | None = None

    def carry_out(self, tx: Transaction) -> None:
        collections.create(tx, self.place.get(tx), self.name, self.type, description=self.description)

    def block(self, tx: Transaction) -> Any:
        described = {} if self.description is None else {"description": escaped(self.description)}
        return {"collections": {self.name: {"type": escaped(self.type), **described}}}


@dataclass(frozen=True, slots=True)
class DeleteCollection:
    """A collection without versions is removed."""

    place: Place
    name: str

    def carry_out(self, tx: Transaction) -> None:
        registry = self.place.get(tx)
        collection = collections.get(tx, registry, self.name)
        if linked := len(links.of_collection(tx, collection)):
            raise Conflict(
                f"collection {collection.address} holds {counted(linked, 'version')}; only an empty one is deleted here",
                hint="unlink its versions first, or write it `absent` in a manifest, where the plan says what is lost",
            )
        collections.delete(tx, registry, collection)

    def block(self, tx: Transaction) -> Any:
        return {"collections": {self.name: "absent"}}


@dataclass(frozen=True, slots=True)
class LinkVersion:
    """A source version comes into a collection, with aliases. `seen`: which index held each alias when somebody agreed to move it."""

    place: Place
    collection: str
    source: SourceRef
    aliases: tuple[str, ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)

    def carry_out(self, tx: Transaction) -> None:
        registry, version = self.place.get(tx), artifacts.resolve(tx, self.source)
        found = collections.get(tx, registry, self.collection)
        aliases.check(tx, found, self.aliases, "set aliases")
        _ask(tx, found, version.id, self.aliases, self.seen)
        links.link(tx, registry, found.name, version, self.aliases)

    def block(self, tx: Transaction) -> Any:
        text = escaped(str(self.source))
        named = {"aliases": dict.fromkeys(self.aliases, text)} if self.aliases else {"versions": [text]}
        return {"collections": {self.collection: named}}


@dataclass(frozen=True, slots=True)
class SetAliases:
    """Aliases come to a version of a collection. `seen` as for `LinkVersion`."""

    place: Place
    collection: str
    index: int
    aliases: tuple[str, ...]
    seen: Mapping[str, int] = field(default_factory=dict)

    def carry_out(self, tx: Transaction) -> None:
        found = collections.get(tx, self.place.get(tx), self.collection)
        if not self.aliases:
            raise Invalid("no alias was given", hint="type one or more, with commas between them")
        aliases.check(tx, found, self.aliases, "set aliases")
        _ask(tx, found, _version(tx, found, self.index).id, self.aliases, self.seen)
        aliases.set_aliases(tx, found, self.index, self.aliases)

    def block(self, tx: Transaction) -> Any:
        found = collections.get(tx, self.place.get(tx), self.collection)
        version = _version(tx, found, self.index)
        # By its source where the actor knows that; the index means another version once the registry has been built anew.
        text = escaped(str(version)) if artifacts.source_is_visible(tx, version) else f"v{self.index}"
        return {"collections": {self.collection: {"aliases": dict.fromkeys(self.aliases, text)}}}


@dataclass(frozen=True, slots=True)
class RemoveAlias:
    """An alias comes off the version that the page showed it on."""

    place: Place
    collection: str
    alias: str
    index: int

    def carry_out(self, tx: Transaction) -> None:
        found = collections.get(tx, self.place.get(tx), self.collection)
        now = aliases.holder(tx, found, self.alias)
        if now is None:
            raise Conflict(f"{self.alias} is on no version by now; nothing was changed")
        if now.index != self.index:
            raise Conflict(
                f"{self.alias} is on v{now.index} by now, no more on v{self.index}; nothing was changed",
                hint="look at that version, and take it off there if you still want to",
            )
        aliases.remove_aliases(tx, found, [self.alias], index=self.index)

    def block(self, tx: Transaction) -> Any:
        return {"collections": {self.collection: {"aliases": {self.alias: "absent"}}}}


def _version(tx: Transaction, collection: Collection, index: int) -> Version:
    return artifacts.by_id(tx, links.get(tx, collection, f"v{index}").artifact_id)


def _ask(
    tx: Transaction, collection: Collection, artifact_id: int, names: tuple[str, ...], seen: Mapping[str, int]
) -> None:
    """Raise `AsksFirst` for aliases that another version holds, unless somebody has agreed to take them from that very one."""
    moves = {}
    for name in names:
        now = aliases.holder(tx, collection, name)
        if now is not None and now.artifact_id != artifact_id and seen.get(name) != now.index:
            moves[name] = now.index
    if moves:
        raise AsksFirst(moves)
