"""What happened to the thing that an operation is about, in the registry's words: `model/fraud:production was moved from v1 to v3`."""

from __future__ import annotations

from collections.abc import Iterable

from regsync.core import actions as a
from regsync.core.again import Difference
from regsync.core.live import LiveCollection, LiveRegistry, Version
from regsync.core.standing import Is, Registries, standing
from regsync.diagnostics import counted

MOST_NAMES = 5


def what_moved(difference: Difference, live: Registries) -> str:
    """A sentence, without its full stop, for an operation that planning again does not give as it was reviewed."""
    action, new = difference.operation.action, difference.new
    said = (
        _of_place(action, live) or _of_thing(action, live) or _of_version(action, None if new is None else new.action)
    )
    if said is not None:
        return said
    if new is None:
        found = standing(action, live)
        why = f": {found.found}" if found.state is Is.MOVED else ""
        return f"{action.address}: planning again does not give {action.kind} any more{why}"
    if new.hits != difference.operation.hits:
        there = {hit.message for hit in difference.operation.hits}
        other = [hit.message for hit in new.hits if hit.message not in there]
        gone = "; ".join(hit.message for hit in difference.operation.hits)
        return (
            f"{action.address}: {'; '.join(other)}"
            if other
            else f"{action.address}: it is not so any more that it {gone}"
        )
    return f"{action.address}: planning again gives another {action.kind}"


def holder_moved(action: a.Action, live: Registries) -> bool:
    """Whether another version than it was holds the alias that an action is about, or none does any more."""
    if not isinstance(action, a.SetAlias | a.RemoveAlias):
        return False
    registry = live.get(action.registry)
    collection = registry.collections.get(action.collection) if registry else None
    if collection is None:
        return False
    index = collection.aliases.get(action.alias)
    holder = None if index is None else collection.links[index].artifact_id
    return holder != (None if action.held_by is None else action.held_by.artifact_id)


def _of_version(action: a.Action, new: a.Action | None) -> str | None:
    """Where what the manifest names is another version, or another content, than it was."""
    match action, new:
        case a.SetAlias(), a.SetAlias() if action.version.artifact_id != new.version.artifact_id:
            return f"{action.address} would be set to {_whole(new)} now, not to {_whole(action)}"
        case (a.SetAlias() | a.LinkVersion(), a.SetAlias() | a.LinkVersion()) if (
            action.version.digest != new.version.digest
        ):
            name = action.version.source or "a version"
            return f"{name} is another version than it was: its digest is {new.version.digest}"
        case _:
            return None


def _whole(action: a.SetAlias) -> str:
    source = action.version.source or action.version.digest
    return source if action.index is None else f"v{action.index} ({source})"


def _of_place(action: a.Action, live: Registries) -> str | None:
    """Where what the action acts in is gone."""
    if isinstance(action, a.RegistryAction):
        return None
    registry = live.get(action.registry)
    if registry is None:
        return f"{action.registry} is not there any more"
    if isinstance(action, a.ContentAction) and action.collection not in registry.collections:
        return f"{action.registry}/{action.collection} is not there any more"
    return None


def _of_thing(action: a.Action, live: Registries) -> str | None:
    if isinstance(action, a.RegistryAction):
        return _registry(action, live.get(action.registry))
    registry = live[action.registry]
    if isinstance(action, a.SettingAction):
        return _setting(action, registry)
    if isinstance(action, a.CollectionAction):
        return _collection(action, registry.collections.get(action.collection))
    return _content(action, registry.collections[action.collection])


def _registry(action: a.RegistryAction, registry: LiveRegistry | None) -> str | None:
    match action:
        case a.CreateRegistry() if registry is not None:
            return f"{action.registry} was made meanwhile"
        case a.DeleteRegistry() if registry is not None:
            names = sorted(registry.collections)
            if names != list(action.collections):
                return f"{action.registry} has other collections than were to be deleted: {_some(names)}"
            return f"what is in {action.registry} has changed"
        case _:
            return None


def _setting(action: a.SettingAction, registry: LiveRegistry) -> str | None:
    name = action.registry
    match action:
        case a.UpdateRegistry() if registry.visibility is not action.old_visibility:
            return f"the visibility of {name} was changed from {action.old_visibility} to {registry.visibility}"
        case a.UpdateRegistry() if registry.description != action.old_description:
            return f"the description of {name} was changed"
        case a.AllowArtifactTypes():
            types = "every type" if registry.artifact_types is None else _some(registry.artifact_types)
            return f"the artifact types that {name} accepts were changed: it accepts {types}"
        case a.SetMember() | a.RemoveMember():
            old = action.old if isinstance(action, a.SetMember) else action.role
            found = (registry.members or {}).get(action.member)
            if found != old:
                return f"the role of {action.member} in {name} was changed from {old or 'none'} to {found or 'none'}"
            return None
        case _:
            return None


def _collection(action: a.CollectionAction, collection: LiveCollection | None) -> str | None:
    address = action.address
    match action:
        case a.CreateCollection() if collection is not None:
            return f"{address} was made meanwhile"
        case a.DeleteCollection() if collection is not None:
            names = sorted(collection.aliases)
            if names != list(action.aliases):
                were, now = _some(action.aliases), _some(names)
                return f"{address} was to be deleted with the aliases {were}; it has {now} now"
            if len(collection.links) != action.versions:
                return f"{address} was to be deleted with {counted(action.versions, 'version')}; it has {len(collection.links)} now"
            return f"what is in {address} has changed"
        case _:
            return None


def _content(action: a.ContentAction, collection: LiveCollection) -> str | None:
    address = action.address
    match action:
        case a.SetAlias() | a.RemoveAlias():
            return _alias(action, collection)
        case a.LinkVersion() | a.UnlinkVersion():
            return _link(action, collection)
        case a.UpdateCollection() if collection.description != action.old_description:
            return f"the description of {address} was changed"
        case a.AddTags() | a.RemoveTags():
            return f"the tags of {address} were changed: it has {_some(collection.tags)}"
        case _:
            return None


def _alias(action: a.SetAlias | a.RemoveAlias, collection: LiveCollection) -> str | None:
    index = collection.aliases.get(action.alias)
    holder = None if index is None else collection.links.get(index)
    old = action.held_by
    if holder is None and old is not None:
        return f"{action.address} was removed from {_name(action.held_index, old)}"
    if holder is not None and old is None:
        return f"{action.address} was set to {_name(index, holder)}"
    if holder is not None and old is not None and holder.artifact_id != old.artifact_id:
        return f"{action.address} was moved from {_name(action.held_index, old)} to {_name(index, holder)}"
    if isinstance(action, a.RemoveAlias):
        return None
    there = collection.index_of(action.version.artifact_id)
    if there is None and action.index is not None:
        return f"{_name(action.index, action.version)} was unlinked from {action.registry}/{action.collection}"
    return None


def _link(action: a.LinkVersion | a.UnlinkVersion, collection: LiveCollection) -> str | None:
    index = collection.index_of(action.version.artifact_id)
    if index is None or isinstance(action, a.LinkVersion):
        return None
    carried = sorted(alias for alias, held in collection.aliases.items() if held == index)
    if carried:
        return f"{_name(index, action.version)} of {action.address} carries {_some(carried)} now"
    if index != action.index:
        return f"{action.version.source or action.version.digest} is linked as v{index} in {action.address} now, not as v{action.index}"
    return None


def _name(index: int | None, version: Version) -> str:
    return f"v{index}" if index is not None else version.source or version.digest


def _some(names: Iterable[str]) -> str:
    found = sorted(names)
    shown = ", ".join(found[:MOST_NAMES]) or "none"
    return shown if len(found) <= MOST_NAMES else f"{shown} and {len(found) - MOST_NAMES} more"
