"""Actions on a registry and its settings."""

from __future__ import annotations

from typing import ClassVar, Self

from regsync.core.actions.base import InRegistry, Json
from regsync.names import Address, Role, Visibility
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class CreateRegistry(InRegistry):
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
class RenameRegistry(InRegistry):
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
class UpdateRegistry(InRegistry):
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
class AllowArtifactTypes(InRegistry):
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
class ProtectAlias(InRegistry):
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
class UnprotectAlias(InRegistry):
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
class SetMember(InRegistry):
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
class RemoveMember(InRegistry):
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
class DeleteRegistry(InRegistry):
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
