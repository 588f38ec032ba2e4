"""Which version a reference means now, in a registry file, and what is known of versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby
from json import loads
from math import ceil
from operator import itemgetter

from regsync.backends.local.observing import collections
from regsync.core.live import Unresolved, Version, VersionDetails
from regsync.diagnostics import did_you_mean
from regsync.local.store import ids, links, references, registries
from regsync.local.store.accounts import Organization
from regsync.local.store.artifacts import COMMITTED, DELETED
from regsync.local.store.database import Transaction
from regsync.local.store.references import SourceRow
from regsync.names import LATEST, REGISTRY_PREFIX, ArtifactId, SourceRef

_SECONDS_A_DAY = 24 * 60 * 60


def resolve(
    tx: Transaction, organization: Organization, refs: Collection[SourceRef]
) -> Mapping[SourceRef, Version | Unresolved]:
    """The version that each reference means now, or why there is none that could be linked."""
    linked = {ref for ref in refs if _is_in_registry(ref, organization)}
    rows = references.sources(tx, [ref for ref in refs if ref not in linked])
    found = {ref: _resolved(tx, organization, ref, row) for ref, row in rows.items()}
    return found | {ref: _linked_version(tx, organization, ref) for ref in linked}


def describe(tx: Transaction, artifact_ids: Collection[ArtifactId]) -> Mapping[ArtifactId, VersionDetails]:
    """Metadata, size, time to live and run of versions; deleted ones are left out."""
    keys = {ids.decode(text, ids.Kind.ARTIFACT): text for text in artifact_ids}
    found = references.details(tx, keys)
    runs = (row.run_id for row in found if row.run_id is not None)
    inputs = {
        run: tuple(source for _, source in group)
        for run, group in groupby(references.run_inputs(tx, runs), itemgetter(0))
    }
    return {
        keys[row.artifact]: VersionDetails(
            metadata=loads(row.metadata),
            size=row.size,
            created_at=row.created_at,
            run=row.run,
            commit=row.commit,
            ttl_days=ceil(row.ttl_seconds / _SECONDS_A_DAY) if row.ttl_seconds else None,
            inputs=None if row.run_id is None else inputs.get(row.run_id, ()),
        )
        for row in found
    }


def _resolved(tx: Transaction, organization: Organization, ref: SourceRef, row: SourceRow) -> Version | Unresolved:
    """The version of a project that a reference names, or why there is none that could be linked."""
    if row.artifact is None or row.state != COMMITTED:
        return _not_there(tx, ref, row)
    if row.kind != "team" or row.organization_id != organization.id:
        hint = f"log the artifact under a team of organization {organization.name!r}"
        return Unresolved(f"cannot be linked: {links.FOREIGN_SOURCE}", hint)
    source = f"{ref.entity}/{ref.project}/{ref.artifact}:v{row.number}"
    return Version(ids.encode(ids.Kind.ARTIFACT, row.artifact), source, row.digest or "", row.type or "")


def _is_in_registry(ref: SourceRef, organization: Organization) -> bool:
    """Whether a reference names a link in a registry, as W&B's pages do; the organization by its entity or its display name."""
    return ref.project.startswith(REGISTRY_PREFIX) and ref.entity in {organization.entity, organization.name}


def _linked_version(tx: Transaction, organization: Organization, ref: SourceRef) -> Version | Unresolved:
    """The version that a link in a registry stands for, by its source."""
    registry = registries.find(tx, organization, ref.project.removeprefix(REGISTRY_PREFIX))
    if registry is None:
        known = [f"{REGISTRY_PREFIX}{each.name}" for each in registries.visible(tx, organization)]
        hint = did_you_mean(ref.project, known)
        return Unresolved(
            f"does not exist: {ref.entity} has no project {ref.project!r}", hint, f"project {ref.entity}/{ref.project}"
        )
    collection = collections(tx, registry, frozenset({ref.artifact})).get(ref.artifact)
    index = None
    if collection is not None:
        index = collection.latest if ref.version == LATEST else collection.aliases.get(ref.version, ref.number)
    if collection is None or index not in collection.links:
        what = f"there is no {ref.artifact}:{ref.version} in project {ref.entity}/{ref.project}"
        return Unresolved(f"does not exist: {what}", "check the name and the version on the collection's page")
    return collection.links[index]


def _not_there(tx: Transaction, ref: SourceRef, row: SourceRow) -> Unresolved:
    if row.state == DELETED:
        return Unresolved("was deleted", "bind to another version")
    if row.sequence is not None:
        numbers = tx.all(
            "SELECT version_index FROM memberships WHERE collection_id = ? ORDER BY version_index DESC LIMIT 1",
            row.sequence,
        )
        newest = f"the newest version is v{numbers[0][0]}" if numbers else "it has no version"
        return Unresolved(f"does not exist: the artifact has no {ref.version}", newest)
    if row.project is not None:
        known = tx.all("SELECT name FROM collections WHERE project_id = ? AND kind = 'sequence'", row.project)
        what = f"no artifact {ref.artifact!r} in project {ref.entity}/{ref.project}"
        return Unresolved(f"does not exist: {what}", did_you_mean(ref.artifact, [each["name"] for each in known]))
    if row.kind is not None:
        known = tx.all(
            "SELECT p.name FROM projects p JOIN entities e ON e.id = p.entity_id WHERE e.name = ?", ref.entity
        )
        hint = did_you_mean(ref.project, [each["name"] for each in known])
        return Unresolved(
            f"does not exist: {ref.entity} has no project {ref.project!r}", hint, f"project {ref.entity}/{ref.project}"
        )
    known = tx.all("SELECT name FROM entities WHERE kind <> 'organization'")
    hint = did_you_mean(ref.entity, [each["name"] for each in known])
    return Unresolved(f"does not exist: there is no team {ref.entity!r}", hint, f"team {ref.entity}")
