"""What the manifests manage, and how much of it a plan leaves as it is."""

from __future__ import annotations

from regsync.core.actions import Json
from regsync.core.desired import UNSET, Desired, DesiredCollection, DesiredRegistry
from regsync.core.operation import Operation
from regsync.names import Address


def owned_by(desired: Desired) -> Json:
    """Everything that the manifests manage, by address: what a plan may touch, and nothing else."""
    return {registry.name: _owned_registry(registry) for registry in desired.registries.values()}


def _owned_registry(registry: DesiredRegistry) -> Json:
    owned: Json = {}
    if registry.absent:
        return {"absent": True}
    if registry.description is not UNSET:
        owned["description"] = True
    if registry.visibility is not None:
        owned["visibility"] = True
    for key, block in (
        ("artifact_types", registry.artifact_types),
        ("protected_aliases", registry.protected_aliases),
        ("members", registry.members),
    ):
        if block is not None:
            owned[key] = sorted(block)
    if registry.collections is not None:
        owned["collections"] = {c.name: _owned_collection(c) for c in registry.collections.values()}
    if registry.remove_unlisted:
        owned["remove_unlisted"] = sorted(registry.remove_unlisted)
    return owned


def _owned_collection(collection: DesiredCollection) -> Json:
    owned: Json = {}
    if collection.absent:
        return {"absent": True}
    if collection.description is not UNSET:
        owned["description"] = True
    if collection.tags is not None:
        owned["tags"] = sorted(collection.tags)
    if collection.versions is not None:
        owned["versions"] = [str(version.ref) for version in collection.versions]
    if collection.aliases is not None:
        owned["aliases"] = sorted(collection.aliases)
    if collection.remove_unlisted:
        owned["remove_unlisted"] = sorted(collection.remove_unlisted)
    return owned


def unchanged(desired: Desired, operations: tuple[Operation, ...]) -> Json:
    """How many declared registries, collections and aliases no operation is about."""
    places = {operation.action.address for operation in operations}
    busy_collections = {place[:2] for place in places}
    busy_registries = {place.registry for place in places}
    registries = collections = aliases = 0
    for registry in desired.registries.values():
        registries += registry.name not in busy_registries
        for collection in (registry.collections or {}).values():
            if (registry.name, collection.name) not in busy_collections:
                collections += 1
                aliases += len(collection.aliases or ())
            else:
                aliases += sum(
                    Address(registry.name, collection.name, alias) not in places for alias in collection.aliases or ()
                )
    return {"registries": registries, "collections": collections, "aliases": aliases}
