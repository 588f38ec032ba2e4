"""Actions on a collection, its versions and its aliases."""

from __future__ import annotations

from typing import ClassVar, Self

from regsync.core.actions.base import InCollection, Json, OnAlias, decode_version, version_json
from regsync.core.live import Version
from regsync.names import Address
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class CreateCollection(InCollection):
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
class RenameCollection(InCollection):
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
class UpdateCollection(InCollection):
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
class AddTags(InCollection):
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
class RemoveTags(InCollection):
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
class LinkVersion(InCollection):
    """Links a version; it becomes `latest`. `index` is the one it will get, None where that cannot be known."""

    kind: ClassVar[str] = "link-version"
    version: Version
    index: int | None

    @property
    def after(self) -> Json:
        return version_json(self.version, self.index)

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        return cls(at.registry, at.collection or "", *decode_version(after))


@dataclass(frozen=True, slots=True)
class UnlinkVersion(InCollection):
    """Takes a version out of the collection. Linked again, it would get another index."""

    kind: ClassVar[str] = "unlink-version"
    version: Version
    index: int

    @property
    def before(self) -> Json:
        return version_json(self.version, self.index)

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        version, index = decode_version(before)
        return cls(at.registry, at.collection or "", version, index or 0)


@dataclass(frozen=True, slots=True)
class DeleteCollection(InCollection):
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
class SetAlias(OnAlias):
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
        held_by, held_index = decode_version(before) if before else (None, None)
        return cls(at.registry, at.collection or "", at.alias or "", held_by, held_index, *decode_version(after))


@dataclass(frozen=True, slots=True)
class RemoveAlias(OnAlias):
    """Takes an alias off the version that holds it."""

    kind: ClassVar[str] = "remove-alias"
    held_by: Version
    held_index: int

    @property
    def before(self) -> Json:
        return version_json(self.held_by, self.held_index)

    @classmethod
    def decode(cls, at: Address, before: Json, after: Json) -> Self:
        held_by, held_index = decode_version(before)
        return cls(at.registry, at.collection or "", at.alias or "", held_by, held_index or 0)
