"""How actions stand right now: what has to be read for them, in as few requests as there can be.

An alias is looked up by its name, because that is exact and costs the same in a collection of any size; what a name means
says also that the collection is there. What removes or links something reads the collections concerned in full; before a further
link, a collection of which all is known that was linked in it (`linked.py`) is only asked whether that is so still.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, assert_never

from regsync.backends.wandb.connection import documents
from regsync.backends.wandb.connection.answers import well_formed
from regsync.backends.wandb.connection.documents import Dialect
from regsync.backends.wandb.connection.fetch import Part
from regsync.backends.wandb.connection.session import Session
from regsync.backends.wandb.reading import people
from regsync.backends.wandb.reading.asking import Wanted
from regsync.backends.wandb.reading.observing import Reading
from regsync.backends.wandb.reading.versions import place_link
from regsync.backends.wandb.writing.linked import Key, Linked
from regsync.core import actions as a
from regsync.core.live import LiveCollection, LiveRegistry

Json = dict[str, Any]
LOOKUPS_PER_FIELD = 100


class Check:
    """One read for some actions: `registries` for `standing`, and ids that their mutations need."""

    def __init__(self, reading: Reading, session: Session, actions: Sequence[a.Action], linked: Linked) -> None:
        self.registries: dict[str, LiveRegistry] = {}
        self.type_ids: dict[tuple[str, str], str] = {}
        """By registry and type: of types that the registry has."""
        self._reading = reading
        self._session = session
        self._linked = linked
        self._aliases: dict[str, set[tuple[str, str]]] = {}
        self._types = sorted({(each.registry, each.type) for each in actions if isinstance(each, a.CreateCollection)})
        self._strangers = sorted(
            {each.member for each in actions if isinstance(each, a.SetMember) and each.old is None}
        )
        self._actions = actions

    @property
    def types_told(self) -> bool:
        """Whether the server knows that a registry accepts some types only, as far as reads have shown."""
        return self._reading.dialect.registry_types

    def read(self) -> None:
        """Raises `BackendError` where anything could not be read."""
        extra: list[Any] = []
        while True:
            by_name = self._reading.dialect.membership_by_name
            self._aliases = _lookups(self._actions) if by_name else {}
            wanted = _wanted(self._actions, self._linked, by_name=by_name)
            self.registries = self._reading.read(wanted, self._more, extra, exactly=True)
            if by_name == self._reading.dialect.membership_by_name:
                break  # Else the server has just turned out not to know that field: read whole collections.
        with well_formed("checking what is there"):
            self._take(extra)
        self._look_for_silent()
        self._look_for_links(wanted)

    def _look_for_links(self, wanted: Wanted) -> None:
        """Remember what was read in full; read in full what is not as it was remembered."""
        for key in wanted.linked:
            self._remember(key)
        links = {(each.registry, each.collection) for each in self._actions if isinstance(each, a.LinkVersion)}
        changed = frozenset(
            key
            for key in links - wanted.linked
            for live in (self._collection(key),)
            if live is not None and not self._linked.holds(key, self._reading.ids.collections.get(key), live)
        )
        if not changed:
            return
        there = self._reading.read(Wanted(frozenset(name for name, _ in changed), linked=changed), exactly=True)
        for key in changed:
            registry = self.registries[key[0]]
            registry.collections.pop(key[1], None)
            if key[0] in there and key[1] in there[key[0]].collections:
                registry.collections[key[1]] = there[key[0]].collections[key[1]]
            self._remember(key)

    def _collection(self, key: Key) -> LiveCollection | None:
        registry = self.registries.get(key[0])
        return None if registry is None else registry.collections.get(key[1])

    def _remember(self, key: Key) -> None:
        live = self._collection(key)
        if live is None:
            self._linked.forget(key)
        else:
            self._linked.read(key, self._reading.ids.collections.get(key), live)

    def _look_for_silent(self) -> None:
        """Collections of which no name was found: they may be gone, or both names in them."""
        silent = frozenset(
            (each.registry, each.collection)
            for each in self._actions
            if isinstance(each, a.SetAlias)
            and each.registry in self.registries
            and each.collection not in self.registries[each.registry].collections
        )
        if not silent:
            return
        there = self._reading.read(Wanted(frozenset(registry for registry, _ in silent), bare=silent), exactly=True)
        for name, found in there.items():
            self.registries[name].collections.update(found.collections)

    def _more(self, dialect: Dialect) -> list[Part]:
        entity = self._session.entity
        return [
            *(
                documents.versions(entity, documents.project_name(registry), _texts(group), dialect)
                for registry, group in self._alias_groups()
            ),
            *(documents.artifact_type(entity, registry, name) for registry, name in self._types),
            *(people.lookup(name, dialect) for name in self._strangers),
        ]

    def _alias_groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        return [
            (registry, ordered[start : start + LOOKUPS_PER_FIELD])
            for registry, names in sorted(self._aliases.items())
            for ordered in (sorted(names),)
            for start in range(0, len(ordered), LOOKUPS_PER_FIELD)
        ]

    def _take(self, extra: list[Any]) -> None:
        groups = self._alias_groups()
        for (registry, group), place in zip(groups, extra, strict=False):
            for number, (collection, text) in enumerate(group):
                self._place(registry, collection, text, None if place is None else place[f"n{number}"])
        rest = extra[len(groups) :]
        for key, place in zip(self._types, rest, strict=False):
            found = (place or {}).get("artifactType")
            if found:
                self.type_ids[key] = found["id"]
        for name, found in zip(self._strangers, rest[len(self._types) :], strict=True):
            id_ = people.id_of(name, found)
            if id_ is not None:
                self._reading.ids.members[name] = id_

    def _place(self, registry: str, collection: str, text: str, node: Json | None) -> None:
        """Put what a name means into the collection. A name that the version does not carry was understood as something else."""
        if registry not in self.registries or node is None:
            return
        carried = {each["alias"] for each in node["aliases"]} | {f"v{node['versionIndex']}"}
        if text in carried and node["artifactCollection"]["name"] == collection:
            # Of a collection that was not read itself nothing else is asked: its type and its texts are not known.
            nothing_else = LiveCollection(collection, "", None, frozenset(), next_index=None)
            place_link(self.registries[registry].collections.setdefault(collection, nothing_else), node)


def _wanted(actions: Iterable[a.Action], known: Linked, *, by_name: bool) -> Wanted:
    registries: set[str] = set()
    members: set[str] = set()
    whole: set[str] = set()
    linked: set[tuple[str, str]] = set()
    bare: set[tuple[str, str]] = set()
    for action in actions:
        registries.add(action.registry)
        match action:
            case a.RenameRegistry():
                registries.add(action.previous)
            case a.DeleteRegistry():
                whole.add(action.registry)
                members.add(action.registry)
            case a.SetMember() | a.RemoveMember():
                members.add(action.registry)
            case a.RenameCollection():
                bare |= {(action.registry, action.collection), (action.registry, action.previous)}
            case a.CreateCollection() | a.UpdateCollection() | a.AddTags() | a.RemoveTags():
                bare.add((action.registry, action.collection))
            case a.SetAlias() if by_name and _is_by_name(action):
                pass  # What its names mean is asked beside this.
            case a.RemoveAlias() if by_name:
                bare.add((action.registry, action.collection))
            case a.LinkVersion() if known.is_new(action):
                bare.add((action.registry, action.collection))
            case a.LinkVersion() | a.UnlinkVersion() | a.DeleteCollection() | a.SetAlias() | a.RemoveAlias():
                linked.add((action.registry, action.collection))
            case (
                a.CreateRegistry() | a.UpdateRegistry() | a.AllowArtifactTypes() | a.ProtectAlias() | a.UnprotectAlias()
            ):
                pass
            case _:
                assert_never(action)
    return Wanted(
        frozenset(registries), frozenset(members), frozenset(whole), frozenset(linked), frozenset(bare - linked)
    )


def _is_by_name(action: a.SetAlias | a.RemoveAlias) -> bool:
    """Whether names tell all: who holds the alias, and what is at the index that it is to point at."""
    return isinstance(action, a.RemoveAlias) or action.index is not None


def _lookups(actions: Iterable[a.Action]) -> dict[str, set[tuple[str, str]]]:
    """By registry: the collection, and the alias or index in it, that must be known."""
    found: dict[str, set[tuple[str, str]]] = {}
    for action in actions:
        if isinstance(action, a.SetAlias | a.RemoveAlias) and _is_by_name(action):
            names = found.setdefault(action.registry, set())
            names.add((action.collection, action.alias))
            if isinstance(action, a.SetAlias):
                names.add((action.collection, f"v{action.index}"))
    return found


def _texts(names: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{collection}:{text}" for collection, text in names]
