"""A registry in memory with the server's semantics: plans are run on it before anyone sees them.

It copies what it changes, so the Live that it starts from stays as it was read.
"""

from __future__ import annotations

from typing import assert_never

from regsync.core import actions as a
from regsync.core.live import Live, LiveCollection, LiveRegistry, Version
from regsync.names import Role, Visibility
from regsync.slots import NamedTuple

Key = tuple[str, str]
"""Registry and collection, by the names they had (or first got); it follows a collection through renames."""


class Effect(NamedTuple):
    """An alias changed: which artifact it pointed at and points at now; None: unbound."""

    collection: Key
    alias: str
    old: str | None
    new: str | None


class IllegalActionError(Exception):
    """The server would refuse this action in this state. The message ends a sentence."""


class Model:
    """Mutable. `registries` may be read at any time; change it through `apply` only."""

    def __init__(self, live: Live, actor: str) -> None:
        self.registries: dict[str, LiveRegistry] = dict(live.registries)
        self._actor = actor
        self._own: set[int] = set()
        self._identity: dict[Key, Key] = {}

    def apply(self, action: a.Action) -> list[Effect]:
        """Carry out one action. Raises `IllegalActionError` where the server would refuse it."""
        if isinstance(action, a.RegistryAction):
            return self._registry_itself(action)
        if isinstance(action, a.SettingAction):
            self._in_registry(action, self.registry(action.registry))
            return []
        if isinstance(action, a.CollectionAction):
            return self._collection_itself(action, self.registry(action.registry))
        return self._in_collection(action, self.collection(action.registry, action.collection))

    def registry(self, name: str) -> LiveRegistry:
        """That registry, as a copy that may be changed. Raises `IllegalActionError` where there is none."""
        registry = self.registries.get(name)
        if registry is None:
            raise IllegalActionError(f"there is no registry {name!r}")
        if id(registry) not in self._own:
            registry = self.registries[name] = registry.copy()
            self._own.add(id(registry))
        return registry

    def collection(self, registry_name: str, name: str) -> LiveCollection:
        """That collection, as a copy that may be changed. Raises `IllegalActionError` where there is none."""
        registry = self.registry(registry_name)
        collection = registry.collections.get(name)
        if collection is None:
            raise IllegalActionError(f"there is no collection {registry_name}/{name}")
        if id(collection) not in self._own:
            collection = registry.collections[name] = collection.copy()
            self._own.add(id(collection))
        return collection

    def is_bare(self, name: str) -> bool:
        """Whether that registry holds no more than a registry that the acting user has just made."""
        registry = self.registry(name)
        others = (registry.members or {}).keys() - {self._actor}
        return not (registry.collections or registry.protected_aliases or others)

    def identity(self, registry: str, collection: str) -> Key:
        """The key under which effects on this collection are reported."""
        return self._identity.get((registry, collection), (registry, collection))

    def _registry_itself(self, action: a.RegistryAction) -> list[Effect]:
        match action:
            case a.CreateRegistry():
                if action.registry in self.registries:
                    raise IllegalActionError(f"there is a registry {action.registry!r} already")
                types = None if action.artifact_types is None else frozenset(action.artifact_types)
                created = LiveRegistry(
                    action.registry,
                    action.description,
                    action.visibility,
                    types,
                    frozenset(),
                    {self._actor: Role.ADMIN},
                    role=Role.ADMIN,
                )
                self._own.add(id(created))
                self.registries[action.registry] = created
                return []
            case a.RenameRegistry():
                if action.registry in self.registries:
                    raise IllegalActionError(f"there is a registry {action.registry!r} already")
                registry = self.registry(action.previous)
                del self.registries[action.previous]
                registry.name = action.registry
                self.registries[action.registry] = registry
                for name in registry.collections:
                    self._identity[action.registry, name] = self.identity(action.previous, name)
                return []
            case a.DeleteRegistry():
                registry = self.registry(action.registry)
                del self.registries[action.registry]
                return [
                    effect
                    for name, collection in registry.collections.items()
                    for effect in self._all_unbound(self.identity(action.registry, name), collection)
                ]
            case _:
                assert_never(action)

    @staticmethod
    def _all_unbound(key: Key, collection: LiveCollection) -> list[Effect]:
        return [
            Effect(key, alias, collection.links[index].artifact_id, None)
            for alias, index in sorted(collection.aliases.items())
        ]

    @staticmethod
    def _in_registry(action: a.SettingAction, registry: LiveRegistry) -> None:
        match action:
            case a.UpdateRegistry():
                if registry.visibility is Visibility.RESTRICTED is not action.new_visibility:
                    raise IllegalActionError(f"registry {registry.name!r} is restricted and stays so")
                registry.description = action.new_description
                registry.visibility = action.new_visibility
            case a.AllowArtifactTypes():
                registry.artifact_types = (registry.artifact_types or frozenset()) | frozenset(action.added)
            case a.ProtectAlias():
                registry.protected_aliases = (registry.protected_aliases or frozenset()) | {action.alias}
            case a.UnprotectAlias():
                if action.alias not in (registry.protected_aliases or ()):
                    raise IllegalActionError(f"alias {action.alias!r} is not protected")
                registry.protected_aliases = (registry.protected_aliases or frozenset()) - {action.alias}
            case a.SetMember():
                registry.members = {**(registry.members or {}), action.member: action.role}
            case a.RemoveMember():
                if action.member not in (registry.members or ()):
                    raise IllegalActionError(f"{action.member!r} is no member")
                registry.members = {k: v for k, v in (registry.members or {}).items() if k != action.member}
            case _:
                assert_never(action)

    def _collection_itself(self, action: a.CollectionAction, registry: LiveRegistry) -> list[Effect]:
        name = action.collection
        match action:
            case a.CreateCollection():
                if name in registry.collections:
                    raise IllegalActionError(f"there is a collection {name!r} already")
                self._check_accepted(registry, action.type)
                created = LiveCollection(name, action.type, action.description)
                self._own.add(id(created))
                registry.collections[name] = created
                return []
            case a.RenameCollection():
                if name in registry.collections:
                    raise IllegalActionError(f"there is a collection {name!r} already")
                collection = self.collection(registry.name, action.previous)
                del registry.collections[action.previous]
                collection.name = name
                registry.collections[name] = collection
                self._identity[registry.name, name] = self.identity(registry.name, action.previous)
                return []
            case a.DeleteCollection():
                collection = self.collection(registry.name, name)
                del registry.collections[name]
                return self._all_unbound(self.identity(registry.name, name), collection)
            case _:
                assert_never(action)

    @staticmethod
    def _check_accepted(registry: LiveRegistry, kind: str) -> None:
        if registry.artifact_types is not None and kind not in registry.artifact_types:
            raise IllegalActionError(f"registry {registry.name!r} does not accept type {kind!r}")

    def _in_collection(self, action: a.ContentAction, collection: LiveCollection) -> list[Effect]:
        key = self.identity(action.registry, action.collection)
        match action:
            case a.UpdateCollection():
                collection.description = action.new_description
            case a.AddTags():
                collection.tags |= frozenset(action.tags)
            case a.RemoveTags():
                collection.tags -= frozenset(action.tags)
            case a.LinkVersion():
                self._check_accepted(self.registries[action.registry], action.version.type)
                self._link(action, collection)
            case a.UnlinkVersion():
                return self._unlink(action, collection, key)
            case a.SetAlias():
                index = collection.index_of(action.version.artifact_id)
                if index is None:
                    raise IllegalActionError(f"{action.version.source or action.version.digest} is not linked")
                if action.index not in (None, index):
                    raise IllegalActionError(f"{action.version.source} is linked as v{index}, not v{action.index}")
                old = collection.aliases.get(action.alias)
                collection.aliases[action.alias] = index
                return [Effect(key, action.alias, _artifact(collection, old), action.version.artifact_id)]
            case a.RemoveAlias():
                old = collection.aliases.pop(action.alias, None)
                if old is None:
                    raise IllegalActionError(f"alias {action.alias!r} is not set")
                return [Effect(key, action.alias, _artifact(collection, old), None)]
            case _:
                assert_never(action)
        return []

    @staticmethod
    def _link(action: a.LinkVersion, collection: LiveCollection) -> None:
        if action.version.type != collection.type:
            raise IllegalActionError(
                f"a {action.version.type!r} cannot be linked into a collection of type {collection.type!r}"
            )
        if collection.index_of(action.version.artifact_id) is not None:
            raise IllegalActionError(f"{action.version.source} is linked already")
        index = action.index if collection.next_index is None else collection.next_index
        if index is None:
            index = max(collection.links, default=-1) + 1
        if action.index not in (None, index):
            raise IllegalActionError(f"the next index is v{index}, not v{action.index}")
        collection.links[index] = action.version
        collection.latest = index
        collection.next_index = index + 1

    @staticmethod
    def _unlink(action: a.UnlinkVersion, collection: LiveCollection, key: Key) -> list[Effect]:
        index = collection.index_of(action.version.artifact_id)
        if index is None:
            raise IllegalActionError(f"{action.version.source} is not linked")
        lost = sorted(alias for alias, held in collection.aliases.items() if held == index)
        for alias in lost:
            del collection.aliases[alias]
        del collection.links[index]
        if collection.latest == index:
            collection.latest = max(collection.links, default=None)
        return [Effect(key, alias, action.version.artifact_id, None) for alias in lost]


def _artifact(collection: LiveCollection, index: int | None) -> str | None:
    version: Version | None = None if index is None else collection.links.get(index)
    return None if version is None else version.artifact_id
