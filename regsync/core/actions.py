"""What an operation does: one frozen class a kind, a closed union.

`before` and `after` are the JSON of the plan document; `decode` reads them back. Everything that acts on a registry
(the model, the backends, the views) matches over `Action` and closes with `assert_never`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from regsync.core.live import Version
from regsync.names import Address, Role, Visibility

Json = dict[str, Any]


def version_json(version: Version, index: int | None) -> Json:
    """How a version stands in plan and receipt; `index` None: the server will choose it."""
    return {
        "source": version.source,
        "digest": version.digest,
        "type": version.type,
        "artifact_id": version.artifact_id,
        "index": index,
    }


def _version(data: Json) -> tuple[Version, int | None]:
    return Version(data["artifact_id"], data["source"], data["digest"], data["type"]), data["index"]


@dataclass(frozen=True, slots=True)
class _InRegistry:
    registry: str

    @property
    def address(self) -> Address:
        return Address(self.registry)

    @property
    def before(self) -> Json | None:
        return None

    @property
    def after(self) -> Json | None:
        return None


@dataclass(frozen=True, slots=True)
class _InCollection(_InRegistry):
    collection: str

    @property
    def address(self) -> Address:
        return Address(self.registry, self.collection)


@dataclass(frozen=True, slots=True)
class _OnAlias(_InCollection):
    alias: str

    @property
    def address(self) -> Address:
        return Address(self.registry, self.collection, self.alias)


@dataclass(frozen=True, slots=True)
class CreateRegistry(_InRegistry):
    """`artifact_types` None: every type. The creator becomes the first admin."""

    kind: ClassVar[str] = "create-registry"
    description: str | None
    visibility: Visibility
    artifact_types: tuple[str, ...] | None

    @property
    def after(self) -> Json:
        types = None if self.artifact_types is None else list(self.artifact_types)
        return {"description": self.description, "visibility": self.visibility.value, "artifact_types": types}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        types = after["artifact_types"]
        visibility = Visibility(after["visibility"])
        return cls(at.registry, after["description"], visibility, None if types is None else tuple(types))


@dataclass(frozen=True, slots=True)
class RenameRegistry(_InRegistry):
    """`registry` is the new name. Everything inside moves along."""

    kind: ClassVar[str] = "rename-registry"
    previous: str

    @property
    def before(self) -> Json:
        return {"name": self.previous}

    @property
    def after(self) -> Json:
        return {"name": self.registry}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, before["name"])


@dataclass(frozen=True, slots=True)
class UpdateRegistry(_InRegistry):
    """Both values are always sent, because the server's call sets both."""

    kind: ClassVar[str] = "update-registry"
    old_description: str | None
    new_description: str | None
    old_visibility: Visibility
    new_visibility: Visibility

    @property
    def before(self) -> Json:
        return {"description": self.old_description, "visibility": self.old_visibility.value}

    @property
    def after(self) -> Json:
        return {"description": self.new_description, "visibility": self.new_visibility.value}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(
            at.registry,
            before["description"],
            after["description"],
            Visibility(before["visibility"]),
            Visibility(after["visibility"]),
        )


@dataclass(frozen=True, slots=True)
class AllowArtifactTypes(_InRegistry):
    """Adds to the accepted types; the server never takes one back. `old` None: every type was accepted."""

    kind: ClassVar[str] = "allow-artifact-types"
    old: tuple[str, ...] | None
    added: tuple[str, ...]

    @property
    def before(self) -> Json:
        return {"artifact_types": None if self.old is None else list(self.old)}

    @property
    def after(self) -> Json:
        return {"artifact_types": sorted({*(self.old or ()), *self.added}), "added": list(self.added)}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        old = before["artifact_types"]
        return cls(at.registry, None if old is None else tuple(old), tuple(after["added"]))


@dataclass(frozen=True, slots=True)
class ProtectAlias(_InRegistry):
    """Puts an alias on the registry's list of protected aliases."""

    kind: ClassVar[str] = "protect-alias"
    alias: str

    @property
    def after(self) -> Json:
        return {"protected_alias": self.alias}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, after["protected_alias"])


@dataclass(frozen=True, slots=True)
class UnprotectAlias(_InRegistry):
    """Takes an alias off the registry's list of protected aliases. The alias itself stays where it is."""

    kind: ClassVar[str] = "unprotect-alias"
    alias: str

    @property
    def before(self) -> Json:
        return {"protected_alias": self.alias}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, before["protected_alias"])


@dataclass(frozen=True, slots=True)
class SetMember(_InRegistry):
    """Adds a user or team (`team:name`), or (`old` not None) changes its role."""

    kind: ClassVar[str] = "set-member"
    member: str
    old: Role | None
    role: Role

    @property
    def before(self) -> Json | None:
        return None if self.old is None else {"member": self.member, "role": self.old.value}

    @property
    def after(self) -> Json:
        return {"member": self.member, "role": self.role.value}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, after["member"], Role(before["role"]) if before else None, Role(after["role"]))


@dataclass(frozen=True, slots=True)
class RemoveMember(_InRegistry):
    """Takes a user or team out of the registry's members."""

    kind: ClassVar[str] = "remove-member"
    member: str
    role: Role

    @property
    def before(self) -> Json:
        return {"member": self.member, "role": self.role.value}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, before["member"], Role(before["role"]))


@dataclass(frozen=True, slots=True)
class DeleteRegistry(_InRegistry):
    """Deletes a registry with its collections, links and aliases; source artifacts stay."""

    kind: ClassVar[str] = "delete-registry"
    description: str | None
    visibility: Visibility
    collections: tuple[str, ...]
    fingerprint: str
    """Of everything in it, so that it is deleted only as it was reviewed."""

    @property
    def before(self) -> Json:
        return {
            "description": self.description,
            "visibility": self.visibility.value,
            "collections": list(self.collections),
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(
            at.registry,
            before["description"],
            Visibility(before["visibility"]),
            tuple(before["collections"]),
            before["fingerprint"],
        )


@dataclass(frozen=True, slots=True)
class CreateCollection(_InCollection):
    """Makes an empty collection. Its type never changes afterwards."""

    kind: ClassVar[str] = "create-collection"
    type: str
    description: str | None

    @property
    def after(self) -> Json:
        return {"type": self.type, "description": self.description}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, at.collection or "", after["type"], after["description"])


@dataclass(frozen=True, slots=True)
class RenameCollection(_InCollection):
    """`collection` is the new name. Versions, indices and aliases move along."""

    kind: ClassVar[str] = "rename-collection"
    previous: str

    @property
    def before(self) -> Json:
        return {"name": self.previous}

    @property
    def after(self) -> Json:
        return {"name": self.collection}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, at.collection or "", before["name"])


@dataclass(frozen=True, slots=True)
class UpdateCollection(_InCollection):
    """Sets the description."""

    kind: ClassVar[str] = "update-collection"
    old_description: str | None
    new_description: str | None

    @property
    def before(self) -> Json:
        return {"description": self.old_description}

    @property
    def after(self) -> Json:
        return {"description": self.new_description}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, at.collection or "", before["description"], after["description"])


@dataclass(frozen=True, slots=True)
class AddTags(_InCollection):
    """Adds tags to a collection; at most `names.MAX_TAGS_PER_CALL` at a time."""

    kind: ClassVar[str] = "add-tags"
    tags: tuple[str, ...]

    @property
    def after(self) -> Json:
        return {"tags": list(self.tags)}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, at.collection or "", tuple(after["tags"]))


@dataclass(frozen=True, slots=True)
class RemoveTags(_InCollection):
    """Removes tags from a collection; at most `names.MAX_TAGS_PER_CALL` at a time."""

    kind: ClassVar[str] = "remove-tags"
    tags: tuple[str, ...]

    @property
    def before(self) -> Json:
        return {"tags": list(self.tags)}

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, at.collection or "", tuple(before["tags"]))


@dataclass(frozen=True, slots=True)
class LinkVersion(_InCollection):
    """Links a version; it becomes `latest`. `index` is the one it will get, None where that cannot be known."""

    kind: ClassVar[str] = "link-version"
    version: Version
    index: int | None

    @property
    def after(self) -> Json:
        return version_json(self.version, self.index)

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, at.collection or "", *_version(after))


@dataclass(frozen=True, slots=True)
class UnlinkVersion(_InCollection):
    """Takes a version out of the collection. Linked again, it would get another index."""

    kind: ClassVar[str] = "unlink-version"
    version: Version
    index: int

    @property
    def before(self) -> Json:
        return version_json(self.version, self.index)

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        version, index = _version(before)
        return cls(at.registry, at.collection or "", version, index or 0)


@dataclass(frozen=True, slots=True)
class DeleteCollection(_InCollection):
    """Deletes a collection with its links and aliases; source artifacts stay."""

    kind: ClassVar[str] = "delete-collection"
    type: str
    versions: int
    aliases: tuple[str, ...]
    fingerprint: str
    """Of everything in it, so that it is deleted only as it was reviewed."""

    @property
    def before(self) -> Json:
        return {
            "type": self.type,
            "versions": self.versions,
            "aliases": list(self.aliases),
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(
            at.registry,
            at.collection or "",
            before["type"],
            before["versions"],
            tuple(before["aliases"]),
            before["fingerprint"],
        )


@dataclass(frozen=True, slots=True)
class SetAlias(_OnAlias):
    """Points an alias at a linked version. Where another version holds it, the server moves it in one step, without a gap."""

    kind: ClassVar[str] = "set-alias"
    held_by: Version | None
    held_index: int | None
    version: Version
    index: int | None

    @property
    def before(self) -> Json | None:
        return None if self.held_by is None else version_json(self.held_by, self.held_index)

    @property
    def after(self) -> Json:
        return version_json(self.version, self.index)

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        held_by, held_index = _version(before) if before else (None, None)
        return cls(at.registry, at.collection or "", at.alias or "", held_by, held_index, *_version(after))


@dataclass(frozen=True, slots=True)
class RemoveAlias(_OnAlias):
    """Takes an alias off the version that holds it."""

    kind: ClassVar[str] = "remove-alias"
    held_by: Version
    held_index: int

    @property
    def before(self) -> Json:
        return version_json(self.held_by, self.held_index)

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        held_by, held_index = _version(before)
        return cls(at.registry, at.collection or "", at.alias or "", held_by, held_index or 0)


RegistryAction = CreateRegistry | RenameRegistry | DeleteRegistry
"""Actions on a registry as a whole."""
SettingAction = UpdateRegistry | AllowArtifactTypes | ProtectAlias | UnprotectAlias | SetMember | RemoveMember
"""Actions on a registry's settings."""
CollectionAction = CreateCollection | RenameCollection | DeleteCollection
"""Actions on a collection as a whole."""
ContentAction = UpdateCollection | AddTags | RemoveTags | LinkVersion | UnlinkVersion | SetAlias | RemoveAlias
"""Actions on what is in a collection."""
Action = RegistryAction | SettingAction | CollectionAction | ContentAction

ACTIONS: dict[str, type[Action]] = {
    action.kind: action
    for action in (
        CreateRegistry,
        RenameRegistry,
        UpdateRegistry,
        AllowArtifactTypes,
        ProtectAlias,
        CreateCollection,
        RenameCollection,
        UpdateCollection,
        AddTags,
        LinkVersion,
        SetAlias,
        SetMember,
        RemoveAlias,
        UnlinkVersion,
        RemoveTags,
        DeleteCollection,
        UnprotectAlias,
        RemoveMember,
        DeleteRegistry,
    )
}
"""By kind, in the order in which a plan runs them."""

REMOVALS = frozenset(
    action.kind
    for action in (
        RemoveAlias,
        UnlinkVersion,
        RemoveTags,
        DeleteCollection,
        UnprotectAlias,
        RemoveMember,
        DeleteRegistry,
    )
)
"""Kinds that take something away; they run last, and only on a complete read."""


def decode_action(kind: str, address: Address, before: Json | None, after: Json | None) -> Action:
    """Read an action back from a plan document. Raises `KeyError`, `ValueError` or `TypeError` where it is malformed."""
    return ACTIONS[kind].decode(address, before or {}, after or {})
