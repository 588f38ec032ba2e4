"""What actions have in common: where they act, and how a version stands in JSON."""

from __future__ import annotations

from typing import Any

from regsync.core.live import Version
from regsync.names import Address, shared
from regsync.slots import dataclass

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


def decode_version(data: Json) -> tuple[Version, int | None]:
    return Version(*(shared(data[key]) for key in ("artifact_id", "source", "digest", "type"))), data["index"]


@dataclass(frozen=True, slots=True)
class InRegistry:
    """An action in a registry."""

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
class InCollection(InRegistry):
    """An action in a collection."""

    collection: str

    @property
    def address(self) -> Address:
        return Address(self.registry, self.collection)


@dataclass(frozen=True, slots=True)
class OnAlias(InCollection):
    """An action on an alias of a collection."""

    alias: str

    @property
    def address(self) -> Address:
        return Address(self.registry, self.collection, self.alias)
