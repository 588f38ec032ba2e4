"""Whether an action is still to do, already done, or no longer what was planned, given what is live.

The same question is asked by the staleness check before the first write, by the check right before each write, and when
an operation whose answer was lost is settled by reading again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import assert_never

from regsync.core import actions as a
from regsync.core.fingerprint import collection_fingerprint, registry_fingerprint
from regsync.core.live import LiveCollection, LiveRegistry, Version
from regsync.slots import NamedTuple

Registries = Mapping[str, LiveRegistry]


class Is(Enum):
    """How an action stands."""

    PENDING = "its precondition holds"
    DONE = "its result is there"
    MOVED = "neither: something else happened"


class Standing(NamedTuple):
    """`found` says, for MOVED, what is there instead; it ends a sentence."""

    state: Is
    found: str = ""


PENDING = Standing(Is.PENDING)
DONE = Standing(Is.DONE)


def _moved(found: str) -> Standing:
    return Standing(Is.MOVED, found)


def standing(action: a.Action, registries: Registries) -> Standing:
    """How `action` stands against `registries`, which must hold everything that the action is about, in full."""
    if isinstance(action, a.RegistryAction):
        return _registry_itself(action, registries)
    registry = registries.get(action.registry)
    if registry is None:
        removal = isinstance(action, a.RemoveMember | a.DeleteCollection)
        return DONE if removal else _moved("the registry is not there")
    if isinstance(action, a.SettingAction):
        return _in_registry(action, registry)
    if isinstance(action, a.CollectionAction):
        return _collection_itself(action, registry)
    collection = registry.collections.get(action.collection)
    if collection is None:
        return _moved("the collection is not there")
    return _in_collection(action, collection)


def _registry_itself(action: a.RegistryAction, registries: Registries) -> Standing:
    registry = registries.get(action.registry)
    match action:
        case a.CreateRegistry():
            if registry is None:
                return PENDING
            same = registry.description == action.description and registry.visibility == action.visibility
            types = None if action.artifact_types is None else frozenset(action.artifact_types)
            if same and registry.artifact_types == types:
                return DONE
            return _moved("a registry of that name is there, with other settings")
        case a.RenameRegistry():
            return _renamed(action.previous in registries, registry is not None, "registry")
        case a.DeleteRegistry():
            if registry is None:
                return DONE
            if registry_fingerprint(registry) == action.fingerprint:
                return PENDING
            return _moved("something in it has changed")
        case _:
            assert_never(action)


def _renamed(old_there: bool, new_there: bool, noun: str) -> Standing:
    if old_there and not new_there:
        return PENDING
    if new_there and not old_there:
        return DONE
    return _moved(f"both {noun} names are there" if new_there else f"the {noun} is not there under either name")


def _either(found: object, before: object, after: object) -> Standing:
    if found == after:
        return DONE
    return PENDING if found == before else _moved(f"it is {found!r}")


def _in_registry(action: a.SettingAction, registry: LiveRegistry) -> Standing:
    match action:
        case a.UpdateRegistry():
            return _either(
                (registry.description, registry.visibility.value),
                (action.old_description, action.old_visibility.value),
                (action.new_description, action.new_visibility.value),
            )
        case a.AllowArtifactTypes():
            old = None if action.old is None else frozenset(action.old)
            found = registry.artifact_types
            if found is not None and found >= frozenset(action.added):
                return DONE
            accepted = "every type is accepted" if found is None else f"the accepted types are {sorted(found)}"
            return PENDING if found == old else _moved(accepted)
        case a.ProtectAlias():
            return DONE if action.alias in (registry.protected_aliases or ()) else PENDING
        case a.UnprotectAlias():
            return PENDING if action.alias in (registry.protected_aliases or ()) else DONE
        case a.SetMember():
            return _either((registry.members or {}).get(action.member), action.old, action.role)
        case a.RemoveMember():
            return _either((registry.members or {}).get(action.member), action.role, None)
        case _:
            assert_never(action)


def _collection_itself(action: a.CollectionAction, registry: LiveRegistry) -> Standing:
    collection = registry.collections.get(action.collection)
    match action:
        case a.CreateCollection():
            if collection is None:
                return PENDING
            if collection.type == action.type and collection.description == action.description:
                return DONE
            return _moved(f"a collection of that name is there, of type {collection.type!r}")
        case a.RenameCollection():
            return _renamed(action.previous in registry.collections, collection is not None, "collection")
        case a.DeleteCollection():
            if collection is None:
                return DONE
            if collection_fingerprint(collection) == action.fingerprint:
                return PENDING
            return _moved("something in it has changed")
        case _:
            assert_never(action)


def _in_collection(action: a.ContentAction, collection: LiveCollection) -> Standing:
    match action:
        case a.UpdateCollection():
            return _either(collection.description, action.old_description, action.new_description)
        case a.AddTags():
            return DONE if collection.tags.issuperset(action.tags) else PENDING
        case a.RemoveTags():
            return PENDING if collection.tags.intersection(action.tags) else DONE
        case a.LinkVersion():
            return _link(action, collection)
        case a.UnlinkVersion():
            found = collection.index_of(action.version.artifact_id)
            if found is None:
                return DONE
            held = sorted(alias for alias, index in collection.aliases.items() if index == found)
            if held:
                return _moved(f"it carries {', '.join(map(repr, held))}")
            return PENDING if found == action.index else _moved(f"it is linked as v{found}")
        case a.SetAlias() | a.RemoveAlias():
            return _alias(action, collection)
        case _:
            assert_never(action)


def _link(action: a.LinkVersion, collection: LiveCollection) -> Standing:
    found = collection.index_of(action.version.artifact_id)
    if found is not None:
        return DONE if action.index in (None, found) else _moved(f"it is linked as v{found}")
    if action.index is None or collection.next_index in (None, action.index):
        return PENDING
    return _moved(f"the next version would be v{collection.next_index}")


def _alias(action: a.SetAlias | a.RemoveAlias, collection: LiveCollection) -> Standing:
    index = collection.aliases.get(action.alias)
    holder: Version | None = None if index is None else collection.links.get(index)
    found = None if holder is None else holder.artifact_id
    before = None if action.held_by is None else action.held_by.artifact_id
    after = action.version.artifact_id if isinstance(action, a.SetAlias) else None
    if found == after:
        return DONE
    if found != before:
        return _moved(
            "it is not set" if holder is None else f"it points at v{index} ({holder.source or holder.digest})"
        )
    if isinstance(action, a.SetAlias):
        at = collection.index_of(action.version.artifact_id)
        if at is None:
            return _moved(f"the version {action.version.source or action.version.digest} is not linked")
        if action.index not in (None, at):
            return _moved(f"the version {action.version.source or action.version.digest} is linked as v{at} now")
    return PENDING
