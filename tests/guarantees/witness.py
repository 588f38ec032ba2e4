"""A registry written down once more, from the facts page and as plainly as possible, to judge plans by.

It shares no code with `core/model.py`, `core/standing.py` or `core/proof.py`. States are values: they can be compared, hashed
and kept. One registry is enough for the small worlds; artifacts are called by their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from regsync.core import actions as a
from regsync.core.live import Live, LiveCollection, LiveRegistry, ReadProof, Version
from regsync.names import Role

Alias = tuple[str, str]
"""Collection and alias."""


class RegistryRefusalError(Exception):
    """The registry does not do this. The message says why."""


class Shelf(NamedTuple):
    """A collection: its links (index, artifact id) and aliases (name, index), each sorted, and the next index."""

    type: str
    links: tuple[tuple[int, str], ...] = ()
    aliases: tuple[tuple[str, int], ...] = ()
    next: int = 0


class State(NamedTuple):
    """A registry, or (`there` False) none. `types` None: every type is accepted."""

    there: bool
    types: frozenset[str] | None = None
    protected: frozenset[str] = frozenset()
    shelves: tuple[tuple[str, Shelf], ...] = ()
    name: str = "model"
    description: str | None = None

    def bindings(self, renamed: Mapping[str, str]) -> dict[Alias, str]:
        """Which artifact each alias points at; collections under the names that they get, by `renamed`."""
        found: dict[Alias, str] = {}
        for name, shelf in self.shelves:
            links = dict(shelf.links)
            for alias, index in shelf.aliases:
                found[renamed.get(name, name), alias] = links[index]
        return found


NOTHING = State(there=False)


def after(state: State, action: a.Action, kinds: Mapping[str, str]) -> State:
    """What the registry is after one action; `kinds` gives each artifact's type. Raises `RegistryRefusalError`."""
    if isinstance(action, a.CreateRegistry):
        if state.there:
            raise RegistryRefusalError("that registry is there already")
        types = None if action.artifact_types is None else frozenset(action.artifact_types)
        return State(True, types, name=action.registry, description=action.description)
    asked_for = action.previous if isinstance(action, a.RenameRegistry) else action.registry
    if not state.there or state.name != asked_for:
        raise RegistryRefusalError("no such registry")
    match action:
        case a.RenameRegistry():
            return state._replace(name=action.registry)
        case a.UpdateRegistry():
            return state._replace(description=action.new_description)
        case a.DeleteRegistry():
            return NOTHING
        case a.AllowArtifactTypes():
            return state._replace(types=(state.types or frozenset()) | set(action.added))
        case a.ProtectAlias():
            return state._replace(protected=state.protected | {action.alias})
        case a.UnprotectAlias():
            if action.alias not in state.protected:
                raise RegistryRefusalError("not protected")
            return state._replace(protected=state.protected - {action.alias})
    shelves = dict(state.shelves)
    assert isinstance(action, a.CollectionAction | a.ContentAction), action.kind
    if isinstance(action, a.LinkVersion) and not accepts(state, kinds[action.version.artifact_id]):
        raise RegistryRefusalError("the registry does not accept that type")
    if isinstance(action, a.CreateCollection):
        if action.collection in shelves:
            raise RegistryRefusalError("that collection is there already")
        if not accepts(state, action.type):
            raise RegistryRefusalError("the registry does not accept that type")
        shelves[action.collection] = Shelf(action.type)
    elif isinstance(action, a.RenameCollection):
        if action.collection in shelves or action.previous not in shelves:
            raise RegistryRefusalError("the new name is taken, or there is nothing under the old one")
        shelves[action.collection] = shelves.pop(action.previous)
    elif action.collection not in shelves:
        raise RegistryRefusalError("no such collection")
    elif isinstance(action, a.DeleteCollection):
        del shelves[action.collection]
    else:
        assert isinstance(action, a.ContentAction), action.kind
        shelves[action.collection] = _in_shelf(shelves[action.collection], action, kinds)
    return state._replace(shelves=tuple(sorted(shelves.items())))


def accepts(state: State, kind: str) -> bool:
    return state.types is None or kind in state.types


def _in_shelf(shelf: Shelf, action: a.ContentAction, kinds: Mapping[str, str]) -> Shelf:
    at = {artifact: index for index, artifact in shelf.links}
    aliases = dict(shelf.aliases)
    match action:
        case a.LinkVersion():
            artifact = action.version.artifact_id
            if artifact in at:
                raise RegistryRefusalError("linked already")
            if kinds[artifact] != shelf.type:
                raise RegistryRefusalError("a collection holds one type")
            return shelf._replace(links=(*shelf.links, (shelf.next, artifact)), next=shelf.next + 1)
        case a.UnlinkVersion():
            index = at.get(action.version.artifact_id)
            if index is None:
                raise RegistryRefusalError("not linked")
            links = tuple(link for link in shelf.links if link[0] != index)
            return shelf._replace(links=links, aliases=tuple(each for each in shelf.aliases if each[1] != index))
        case a.SetAlias():
            index = at.get(action.version.artifact_id)
            if index is None:
                raise RegistryRefusalError("not linked")
            aliases[action.alias] = index
            return shelf._replace(aliases=tuple(sorted(aliases.items())))
        case a.RemoveAlias():
            if action.alias not in aliases:
                raise RegistryRefusalError("no such alias")
            del aliases[action.alias]
            return shelf._replace(aliases=tuple(sorted(aliases.items())))
    raise AssertionError(action.kind)


class Library:
    """Turns states into what regsync reads. Shelves are made once and shared: regsync promises to change nothing it is given."""

    def __init__(self, versions: Mapping[str, Version], actor: str) -> None:
        self._versions = versions
        self._members = {actor: Role.ADMIN}
        self._made: dict[tuple[str, Shelf], LiveCollection] = {}

    def live(self, state: State) -> Live:
        if not state.there:
            return Live({}, ReadProof(complete=True, pages=1, items=0))
        registry = LiveRegistry(
            state.name,
            state.description,
            artifact_types=state.types,
            protected_aliases=state.protected,
            members=dict(self._members),
            collections={name: self._collection(name, shelf) for name, shelf in state.shelves},
            role=Role.ADMIN,
        )
        return Live({state.name: registry}, ReadProof(complete=True, pages=1, items=len(state.shelves)))

    def _collection(self, name: str, shelf: Shelf) -> LiveCollection:
        made = self._made.get((name, shelf))
        if made is None:
            made = self._made[name, shelf] = LiveCollection(
                name,
                shelf.type,
                links={index: self._versions[artifact] for index, artifact in shelf.links},
                aliases=dict(shelf.aliases),
                latest=max((index for index, _ in shelf.links), default=None),
                next_index=shelf.next,
            )
        return made

    def unchanged(self) -> bool:
        """Whether everything that was handed out is still as it was made."""
        return all(
            collection.links == {index: self._versions[artifact] for index, artifact in shelf.links}
            and collection.aliases == dict(shelf.aliases)
            and collection.next_index == shelf.next
            for (_, shelf), collection in self._made.items()
        )
