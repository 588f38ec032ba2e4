"""Finding what the input of a mutation names. Everything here raises `NotFound` for what is missing or invisible."""

from __future__ import annotations

from typing import Any

from regsync.local.store import accounts, collections, projects, registries
from regsync.local.store.access import missing
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.local.store.ids import Kind, decode
from regsync.local.store.projects import Project
from regsync.local.store.registries import Registry
from regsync.names import REGISTRY_PREFIX

Json = dict[str, Any]

MODEL_REGISTRY = "model-registry"
"""The project of a team that W&B's older model registry was, with a collection for each registered model."""


def registry(tx: Transaction, entity_name: str | None, project_name: str | None) -> Registry:
    """The registry whose project has that name in an organization's own entity. `Invalid` for another kind of project."""
    name = project_name or ""
    if not name.startswith(REGISTRY_PREFIX):
        raise Invalid(f"{name!r} is not a registry: the project of one is named {REGISTRY_PREFIX}NAME")
    return tx.once((registry, entity_name, name), lambda: _registry(tx, entity_name, name))


def _registry(tx: Transaction, entity_name: str | None, name: str) -> Registry:
    organization = accounts.organization_of_entity(tx, entity_name or "")
    if organization is None or organization.entity != entity_name:
        missing(f"organization entity {entity_name!r}")
    return registries.get(tx, organization, name.removeprefix(REGISTRY_PREFIX))


def place_of_links(tx: Transaction, collection: Collection) -> Registry | Project:
    """The registry or the project that a collection of links is in. `Invalid` for an artifact's own sequence."""
    if not collection.is_portfolio:
        raise Invalid(f"{collection.address} holds an artifact's own versions; this is for collections of links")
    if collection.in_registry:
        return registries.by_id(tx, collection.project_id)
    return projects.by_id(tx, collection.project_id)


def linkable(tx: Transaction, entity_name: str | None, project_name: str | None) -> Registry | Project:
    """As `project`; a team's older model registry is made where it is missing."""
    if project_name == MODEL_REGISTRY:
        return projects.ensure(tx, entity_name or tx.actor.name, MODEL_REGISTRY)
    return project(tx, entity_name, project_name)


def project(tx: Transaction, entity_name: str | None, project_name: str | None) -> Registry | Project:
    """The registry or the project of that name."""
    if (project_name or "").startswith(REGISTRY_PREFIX):
        return registry(tx, entity_name, project_name)
    return projects.get(tx, entity_name or tx.actor.name, project_name or "")


def collection(tx: Transaction, place: Json) -> Collection:
    """The collection that `entity_name`, `project_name` and `artifact_collection_name` name."""
    found = project(tx, place["entity_name"], place["project_name"])
    return collections.get(tx, found, place["artifact_collection_name"])


def collection_by_id(tx: Transaction, text: str) -> Collection:
    """The collection with that id."""
    return collections.by_id(tx, decode(text, Kind.COLLECTION))
