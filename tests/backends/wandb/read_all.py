"""Run by `test_real_client.py` in a process of its own: everything in the registries of an organization, as `wandb` reads it."""

from __future__ import annotations

from typing import Any

import wandb

from tests.interop.steps.common import ORGANIZATION, report


def registry_facts(registry: Any) -> dict[str, Any]:
    return {
        "description": registry.description,
        "visibility": registry.visibility,
        "all types": registry.allow_all_artifact_types,
        "types": sorted(registry.artifact_types) if not registry.allow_all_artifact_types else None,
        "members": sorted([member.user.username, member.role] for member in registry.user_members()),
        "teams": sorted([member.team.name, member.role] for member in registry.team_members()),
        "collections": {collection.name: collection_facts(collection) for collection in registry.collections()},
        "versions": sorted(
            [version.name, sorted(version.aliases), version.source_qualified_name, version.digest]
            for version in registry.versions()
        ),
    }


def collection_facts(collection: Any) -> dict[str, Any]:
    return {"type": collection.type, "description": collection.description, "tags": sorted(collection.tags)}


def main() -> None:
    registries = wandb.Api().registries(organization=ORGANIZATION)
    report(registries={registry.name: registry_facts(registry) for registry in registries})


main()
