"""Fingerprints of what was read: equal exactly when nothing that a plan could rest on has changed."""

from __future__ import annotations

from collections.abc import Mapping

from regsync.core.canonical import digest_of
from regsync.core.live import LiveCollection, LiveRegistry, Scope

ABSENT = "absent"
"""The fingerprint of what is not there."""


def collection_fingerprint(collection: LiveCollection) -> str:
    """Over type, description, tags, links (index, artifact, digest) and aliases. `latest` follows from the links."""
    return digest_of(
        [
            collection.type,
            collection.description,
            sorted(collection.tags),
            [[index, version.artifact_id, version.digest] for index, version in sorted(collection.links.items())],
            sorted(collection.aliases.items()),
        ]
    )


def settings_fingerprint(registry: LiveRegistry, *, with_collections: bool) -> str:
    """Over a registry's settings, members where they were read, and the names of its collections where all were read."""
    return digest_of(
        [
            registry.description,
            registry.visibility.value,
            None if registry.artifact_types is None else sorted(registry.artifact_types),
            None if registry.protected_aliases is None else sorted(registry.protected_aliases),
            None if registry.members is None else sorted(registry.members.items()),
            sorted(registry.collections) if with_collections else None,
        ]
    )


def registry_fingerprint(registry: LiveRegistry) -> str:
    """Over a registry and all that is in it."""
    return digest_of(
        [
            settings_fingerprint(registry, with_collections=True),
            {name: collection_fingerprint(collection) for name, collection in registry.collections.items()},
        ]
    )


def scope_fingerprints(registries: Mapping[str, LiveRegistry], scope: Scope) -> dict[str, str]:
    """A fingerprint for each registry's settings and each collection in the scope, by address."""
    found: dict[str, str] = {}
    for name, wanted in scope.items():
        registry = registries.get(name)
        if registry is None:
            found[name] = ABSENT
            for collection in wanted.collections or ():
                found[f"{name}/{collection}"] = ABSENT
            continue
        found[name] = settings_fingerprint(registry, with_collections=wanted.collections is None)
        for collection in registry.collections if wanted.collections is None else wanted.collections:
            live = registry.collections.get(collection)
            found[f"{name}/{collection}"] = ABSENT if live is None else collection_fingerprint(live)
    return found
