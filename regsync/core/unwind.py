"""Taking back, on the model, what a plan has already done: what is left is compared with what the plan was made from.

This is how an apply that was cut short can be told from a registry that somebody else has changed.
"""

from __future__ import annotations

from typing import assert_never

from regsync.core import actions as a
from regsync.core.live import LiveCollection, Version
from regsync.core.model import Model

MOST_GONE = 100_000
"""Versions of one deleted collection that are counted; the number comes from a file."""


def unwind(model: Model, action: a.Action) -> None:
    """Put the state from before `action` in place of its result, which must be there.

    Not what the server would do on undo: a version that was unlinked gets its old index back here, and the index that a
    link has stays used up. What somebody else put where it acted stays. A deleted collection gets as much as its action
    tells, so that it can be counted, and a deleted registry stays away: the caller must not compare them.
    """
    if isinstance(action, a.RegistryAction):
        _registry_itself(model, action)
    elif isinstance(action, a.SettingAction):
        _setting(model, action)
    elif isinstance(action, a.CollectionAction):
        _collection_itself(model, action)
    else:
        _content(model, action)


def _registry_itself(model: Model, action: a.RegistryAction) -> None:
    match action:
        case a.CreateRegistry():
            if model.is_bare(action.registry):
                del model.registries[action.registry]
        case a.RenameRegistry():
            model.apply(a.RenameRegistry(action.previous, action.registry))
        case a.DeleteRegistry():
            pass
        case _:
            assert_never(action)


def _setting(model: Model, action: a.SettingAction) -> None:
    registry = model.registry(action.registry)
    match action:
        case a.UpdateRegistry():
            registry.description, registry.visibility = action.old_description, action.old_visibility
        case a.AllowArtifactTypes():
            others = (registry.artifact_types or frozenset()) - frozenset(action.added)
            registry.artifact_types = others if others or action.old is not None else None
        case a.ProtectAlias():
            model.apply(a.UnprotectAlias(action.registry, action.alias))
        case a.UnprotectAlias():
            model.apply(a.ProtectAlias(action.registry, action.alias))
        case a.SetMember():
            if action.old is None:
                model.apply(a.RemoveMember(action.registry, action.member, action.role))
            else:
                model.apply(a.SetMember(action.registry, action.member, action.role, action.old))
        case a.RemoveMember():
            model.apply(a.SetMember(action.registry, action.member, None, action.role))
        case _:
            assert_never(action)


def _collection_itself(model: Model, action: a.CollectionAction) -> None:
    match action:
        case a.CreateCollection():
            created = model.collection(action.registry, action.collection)
            if not (created.links or created.tags):
                del model.registry(action.registry).collections[action.collection]
        case a.RenameCollection():
            model.apply(a.RenameCollection(action.registry, action.previous, action.collection))
        case a.DeleteCollection():
            model.registry(action.registry).collections[action.collection] = _outline(action)
        case _:
            assert_never(action)


def _content(model: Model, action: a.ContentAction) -> None:
    collection = model.collection(action.registry, action.collection)
    match action:
        case a.UpdateCollection():
            collection.description = action.old_description
        case a.AddTags():
            collection.tags -= frozenset(action.tags)
        case a.RemoveTags():
            collection.tags |= frozenset(action.tags)
        case a.LinkVersion():
            _remove_link(collection, action.version.artifact_id)
        case a.UnlinkVersion():
            collection.links[action.index] = action.version
            collection.latest = max(action.index, action.index if collection.latest is None else collection.latest)
        case a.SetAlias() | a.RemoveAlias():
            held = None if action.held_by is None else collection.index_of(action.held_by.artifact_id)
            if held is None:
                collection.aliases.pop(action.alias, None)
            else:
                collection.aliases[action.alias] = held
        case _:
            assert_never(action)


def _remove_link(collection: LiveCollection, artifact_id: str) -> None:
    index = collection.index_of(artifact_id)
    if index is None:
        return
    del collection.links[index]
    collection.aliases = {alias: held for alias, held in collection.aliases.items() if held != index}
    if collection.latest == index:
        collection.latest = max(collection.links, default=None)


def _outline(action: a.DeleteCollection) -> LiveCollection:
    """As many versions and aliases as the deleted collection had, none of them the real ones."""
    links = {index: Version(f"gone:{index}", "", "", action.type) for index in range(min(action.versions, MOST_GONE))}
    aliases = dict.fromkeys(action.aliases, 0) if links else {}
    return LiveCollection(action.collection, action.type, links=links, aliases=aliases)
