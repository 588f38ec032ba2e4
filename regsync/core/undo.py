"""What takes a plan back, and what of it cannot be taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from typing import assert_never

from regsync.core import actions as a
from regsync.core.desired import HazardName
from regsync.core.fingerprint import collection_fingerprint, registry_fingerprint
from regsync.core.live import Live, LiveCollection, Version
from regsync.core.model import Model
from regsync.core.operation import Draft, Hit, Operation, Reason
from regsync.core.seen import Seen, unseen
from regsync.core.standing import Is, standing
from regsync.diagnostics import counted, some
from regsync.names import Address, named
from regsync.slots import dataclass

Place = tuple[str, str | None]
"""Registry and collection."""

LINK_NOTE = "The index stays used up; a TTL that linking turned off is not restored."
LINK_FIRED = "Automations that linking has started are not taken back."
STAYS_RESTRICTED = "a restricted registry cannot be opened to the organization again"
ALIAS_FIRED = "Automations that setting the alias has started are not taken back."
ALIAS_SET_FIRES = "Setting the alias again starts automations that wait for it."
ALIAS_FIRES = "Automations that the move has started are not taken back, and moving it back starts them again."


@dataclass(frozen=True, slots=True)
class Irrevocable:
    """An operation that no other operation takes back, where it acted, and why.

    `operation` is its id in the plan that did it: for an undo plan, in the plan that is to be taken back.
    """

    operation: str
    address: str
    why: str


@dataclass(frozen=True, slots=True)
class Undo:
    """`drafts`: the way back, in the order in which it must be gone. `irrevocable`: what stays as it is."""

    drafts: tuple[Draft, ...]
    irrevocable: tuple[Irrevocable, ...]


class _NoWayBackError(Exception):
    """The message says why."""


class _Put:
    """What the operations put where, each looked up in one step: a plan may make a hundred thousand collections."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.collections: dict[str, set[str]] = defaultdict(set)
        """By registry, the collections that were made in it."""
        self.guarded: dict[str, set[str]] = defaultdict(set)
        """By registry, the aliases that the plan took for protected."""
        self.linked: dict[Place, set[str]] = defaultdict(set)
        """By collection, the artifacts that were linked."""
        self.bound: dict[Place, dict[str, str]] = defaultdict(dict)
        """By collection, the artifact that each alias was given."""
        for operation in operations:
            action = operation.action
            match action:
                case a.CreateCollection():
                    self.collections[action.registry].add(action.collection)
                case a.LinkVersion():
                    self.linked[action.registry, action.collection].add(action.version.artifact_id)
                case a.SetAlias():
                    self.bound[action.registry, action.collection][action.alias] = action.version.artifact_id
            if operation.protected and isinstance(action, a.SetAlias | a.RemoveAlias):
                self.guarded[action.registry].add(action.alias)


def undo_of(operations: Sequence[Operation], after: Live, actor: str, seen: Seen = unseen) -> Undo:
    """The way back from `after`, in which the results of `operations` are there.

    What has changed since is left alone and named as irrevocable.
    """
    model = Model(after, actor)
    drafts: list[Draft] = []
    lost: list[Irrevocable] = []
    put = _Put(operations)
    made = _made(operations, model, put)
    for operation in seen("finding the way back", "operations", operations[::-1]):
        if _inside_something_new(operation.action, made):
            continue
        try:
            back = _inverse(operation.action, model)
            _check_only_own(operation.action, model, put)
        except _NoWayBackError as error:
            lost.append(Irrevocable(operation.id, str(operation.action.address), str(error)))
            continue
        found = standing(back, model.registries)
        if found.state is Is.MOVED:
            why = f"it has changed since: {found.found}"
            lost.append(Irrevocable(operation.id, str(operation.action.address), why))
            continue
        stays = _stays(operation.action)
        if stays is not None:
            lost.append(Irrevocable(operation.id, str(operation.action.address), stays))
        if found.state is Is.PENDING:
            reason = Reason(f"takes back {operation.id}", operation.reason.position)
            hits = _hits(back, _guarded_in(back.registry, model, put), model)
            protected = operation.protected or any(hit.name is HazardName.REMOVE_PROTECTED_ALIAS for hit in hits)
            drafts.append(Draft(back, reason, hits, protected, _notes(back)))
            model.apply(back)
    return Undo(tuple(drafts), tuple(reversed(lost)))


def _stays(action: a.Action) -> str | None:
    """What of an action stays, though the rest of it can be taken back."""
    if isinstance(action, a.UpdateRegistry) and action.old_visibility is not action.new_visibility:
        return STAYS_RESTRICTED
    return None


def _inside_something_new(action: a.Action, made: frozenset[str]) -> bool:
    """Whether deleting what the same plan made takes this back as well."""
    if isinstance(action, a.CreateRegistry):
        return False
    if action.registry in made:
        return True
    if isinstance(action, a.CreateCollection | a.RegistryAction | a.SettingAction):
        return False
    return f"{action.registry}/{action.collection}" in made


def _made(operations: Sequence[Operation], model: Model, put: _Put) -> frozenset[str]:
    """Addresses of what the operations made and what can be deleted again, with all that is in it."""
    found = set()
    for operation in operations:
        try:
            if isinstance(operation.action, a.CreateRegistry | a.CreateCollection):
                _inverse(operation.action, model)
                _check_only_own(operation.action, model, put)
                found.add(str(operation.action.address))
        except _NoWayBackError:
            continue
    return frozenset(found)


def _guarded_in(registry: str, model: Model, put: _Put) -> Container[str]:
    """The aliases of a registry that are protected, as far as the server tells, and those that the plan took for it."""
    live = model.registries.get(registry)
    return ((live.protected_aliases if live else None) or frozenset()) | put.guarded.get(registry, set())


def _check_only_own(action: a.Action, model: Model, put: _Put) -> None:
    """Raise `_NoWayBackError` where deleting what `action` made would delete what somebody else has put there since."""
    if isinstance(action, a.CreateRegistry):
        registry = model.registries[action.registry]
        collections = registry.collections
        if registry.unseen != 0:
            raise _NoWayBackError("not all that it holds can be seen with this key")
        others = sorted(collections.keys() - put.collections.get(action.registry, set()))
        if others:
            raise _NoWayBackError(
                f"it holds {some([named(each) for each in others])} by now, which was not made with it"
            )
        for name, collection in sorted(collections.items()):
            _check_contents(Address(action.registry, name), collection, put)
    elif isinstance(action, a.CreateCollection):
        collection = model.registries[action.registry].collections[action.collection]
        _check_contents(action.address, collection, put)


def _check_contents(address: Address, collection: LiveCollection, put: _Put) -> None:
    place = address[:2]
    linked, bound = put.linked.get(place, set()), put.bound.get(place, {})
    if collection.unseen != 0:
        raise _NoWayBackError(f"not all that {named(address)} holds can be seen with this key")
    others = [f"v{index}" for index, version in sorted(collection.links.items()) if version.artifact_id not in linked]
    for alias, index in sorted(collection.aliases.items()):
        if bound.get(alias) != collection.links[index].artifact_id:
            others.append(alias)
    if others:
        raise _NoWayBackError(
            f"{named(address)} holds {some([named(each) for each in others])} by now, which was not put there with it"
        )


def _inverse(action: a.Action, model: Model) -> a.Action:
    if isinstance(action, a.RegistryAction):
        return _registry_itself(action, model)
    if isinstance(action, a.SettingAction):
        return _setting(action)
    if isinstance(action, a.CollectionAction):
        return _collection_itself(action, model)
    return _content(action, model)


def _registry_itself(action: a.RegistryAction, model: Model) -> a.Action:
    match action:
        case a.CreateRegistry():
            live = model.registries.get(action.registry)
            if live is None:
                raise _NoWayBackError("the registry is not there any more")
            names = tuple(sorted(live.collections))
            return a.DeleteRegistry(
                action.registry, live.description, live.visibility, names, registry_fingerprint(live)
            )
        case a.RenameRegistry():
            return a.RenameRegistry(action.previous, action.registry)
        case a.DeleteRegistry():
            raise _NoWayBackError("a deleted registry cannot be brought back: its collections and indices are lost")
        case _:
            assert_never(action)


def _setting(action: a.SettingAction) -> a.Action:
    match action:
        case a.UpdateRegistry():
            if action.old_description == action.new_description:
                raise _NoWayBackError(STAYS_RESTRICTED)
            return a.UpdateRegistry(
                action.registry,
                action.new_description,
                action.old_description,
                action.new_visibility,
                action.new_visibility,
            )
        case a.AllowArtifactTypes():
            raise _NoWayBackError("an accepted artifact type cannot be removed")
        case a.ProtectAlias():
            return a.UnprotectAlias(action.registry, action.alias)
        case a.UnprotectAlias():
            return a.ProtectAlias(action.registry, action.alias)
        case a.SetMember():
            if action.old is None:
                return a.RemoveMember(action.registry, action.member, action.role)
            return a.SetMember(action.registry, action.member, action.role, action.old)
        case a.RemoveMember():
            return a.SetMember(action.registry, action.member, None, action.role)
        case _:
            assert_never(action)


def _collection_itself(action: a.CollectionAction, model: Model) -> a.Action:
    match action:
        case a.CreateCollection():
            registry = model.registries.get(action.registry)
            live = registry.collections.get(action.collection) if registry else None
            if live is None:
                raise _NoWayBackError("the collection is not there any more")
            aliases = tuple(sorted(live.aliases))
            return a.DeleteCollection(
                action.registry, action.collection, live.type, len(live.links), aliases, collection_fingerprint(live)
            )
        case a.RenameCollection():
            return a.RenameCollection(action.registry, action.previous, action.collection)
        case a.DeleteCollection():
            raise _NoWayBackError("a deleted collection cannot be brought back: its links get other indices")
        case _:
            assert_never(action)


def _content(action: a.ContentAction, model: Model) -> a.Action:
    registry, collection = action.registry, action.collection
    match action:
        case a.UpdateCollection():
            return a.UpdateCollection(registry, collection, action.new_description, action.old_description)
        case a.AddTags():
            return a.RemoveTags(registry, collection, action.tags)
        case a.RemoveTags():
            return a.AddTags(registry, collection, action.tags)
        case a.LinkVersion():
            index = _index_now(action, action.version, model)
            if index is None:
                raise _NoWayBackError("the version is not linked any more")
            return a.UnlinkVersion(registry, collection, action.version, index)
        case a.UnlinkVersion():
            raise _NoWayBackError(f"linked again, the version would not be v{action.index} any more")
        case a.SetAlias():
            if action.held_by is None:
                held = _index_now(action, action.version, model)
                return a.RemoveAlias(registry, collection, action.alias, action.version, held or 0)
            back = _index_now(action, action.held_by, model)
            index = action.held_index if back is None else back
            return a.SetAlias(registry, collection, action.alias, action.version, action.index, action.held_by, index)
        case a.RemoveAlias():
            back = _index_now(action, action.held_by, model)
            index = action.held_index if back is None else back
            return a.SetAlias(registry, collection, action.alias, None, None, action.held_by, index)
        case _:
            assert_never(action)


def _index_now(action: a.ContentAction, version: Version, model: Model) -> int | None:
    """The index of a version where the action acts, which is another one where it was linked again since; None: not linked."""
    registry = model.registries.get(action.registry)
    collection = registry.collections.get(action.collection) if registry else None
    return collection.index_of(version.artifact_id) if collection else None


def _hits(action: a.Action, guarded: Container[str], model: Model) -> tuple[Hit, ...]:
    place = str(action.address)
    match action:
        case a.RemoveAlias():
            name = HazardName.REMOVE_PROTECTED_ALIAS if action.alias in guarded else HazardName.REMOVE_ALIAS
            return (Hit(name, f"takes {named(place)} away again"),)
        case a.UnlinkVersion():
            return (
                Hit(HazardName.UNLINK_VERSION, f"unlinks v{action.index} of {named(place)} again"),
                Hit(HazardName.LATEST_MOVES, f"latest of {named(place)} goes back"),
            )
        case a.DeleteCollection():
            deletes = Hit(
                HazardName.DELETE_COLLECTION, f"deletes {named(place)} with {counted(action.versions, 'version')}"
            )
            return (deletes, *_unbound(place, [alias for alias in action.aliases if alias in guarded]))
        case a.DeleteRegistry():
            deletes = Hit(
                HazardName.DELETE_REGISTRY,
                f"deletes {named(place)} with {counted(len(action.collections), 'collection')}",
            )
            collections = model.registries[action.registry].collections
            held = [f"{name}:{alias}" for name in sorted(collections) for alias in sorted(collections[name].aliases)]
            return (deletes, *_unbound(place, [each for each in held if each.rpartition(":")[2] in guarded]))
        case a.UnprotectAlias():
            return (Hit(HazardName.REMOVE_PROTECTED_ALIAS, f"takes the protection of {action.alias!r} off again"),)
        case _:
            return ()


def _unbound(place: str, aliases: Sequence[str]) -> tuple[Hit, ...]:
    message = f"unbinds the protected {some([named(each) for each in aliases])} of {named(place)}"
    return (Hit(HazardName.REMOVE_PROTECTED_ALIAS, message, len(aliases)),) if aliases else ()


def _notes(action: a.Action) -> tuple[str, ...]:
    """What this step of the way back does not take back."""
    match action:
        case a.UnlinkVersion():
            return (LINK_NOTE, LINK_FIRED)
        case a.RemoveAlias():
            return (ALIAS_FIRED,)
        case a.SetAlias():
            return (ALIAS_FIRES,) if action.held_by else (ALIAS_SET_FIRES,)
        case a.DeleteCollection():
            return (LINK_NOTE, LINK_FIRED) if action.versions else ()
        case a.DeleteRegistry():
            return (LINK_NOTE, LINK_FIRED) if action.collections else ()
        case _:
            return ()
