"""Planting the registries of a seed: settings one by one, the links and aliases of new collections by the thousand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regsync.local.seed.artifacts import next_key
from regsync.local.seed.document import SeedCollection, SeedRegistry
from regsync.local.seed.planted import Report
from regsync.local.store import aliases, artifacts, collections, links, members, metrics, references, registries
from regsync.local.store.accounts import Organization
from regsync.local.store.artifacts import COMMITTED, Version
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction, to_json
from regsync.local.store.errors import Invalid, Refused
from regsync.local.store.references import SourceRow
from regsync.local.store.registries import Registry
from regsync.names import LATEST, MAX_TAGS_PER_CALL, IndexRef, Role, SourceRef
from regsync.slots import NamedTuple

Sources = Mapping[SourceRef, SourceRow]


class _Target(NamedTuple):
    """A version to be linked: the key of its artifact, its full name, its digest."""

    artifact: int
    source: str
    digest: str


@dataclass(slots=True)
class _Rows:
    """What is to be inserted, by table."""

    collections: list[tuple[Any, ...]] = field(default_factory=list)
    tags: list[tuple[Any, ...]] = field(default_factory=list)
    memberships: list[tuple[Any, ...]] = field(default_factory=list)
    aliases: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)


def plant_registries(
    tx: Transaction, organization: Organization, wanted: Sequence[SeedRegistry], report: Report
) -> None:
    """Add the registries, collections, links and aliases of a seed that are not there yet."""
    sources = references.sources(tx, _references(wanted))
    for seed in wanted:
        try:
            registry = _registry(tx, organization, seed, report)
            _collections(tx, registry, seed, sources, report)
        except Refused as error:
            report.problem(f"registry {seed.name!r}: {error}", seed.origin, error.hint)
    for row in tx.all(
        """SELECT DISTINCT a.id FROM artifacts a JOIN memberships m ON m.artifact_id = a.id AND m.collection_id <> a.sequence_id
           WHERE a.ttl_seconds > 0"""
    ):
        artifacts.switch_off_ttl(tx, artifacts.by_id(tx, row["id"]))


def _references(wanted: Sequence[SeedRegistry]) -> list[SourceRef]:
    found: list[SourceRef] = []
    for registry in wanted:
        for collection in registry.collections:
            found.extend(ref for ref, _ in collection.versions)
            found.extend(ref for _, ref, _ in collection.aliases if isinstance(ref, SourceRef))
    return found


def _registry(tx: Transaction, organization: Organization, seed: SeedRegistry, report: Report) -> Registry:
    registry = registries.find(tx, organization, seed.name)
    report.count("registry", made=registry is None)
    if registry is None:
        registry = registries.create(
            tx,
            organization,
            seed.name,
            description=seed.description,
            visibility=seed.visibility,
            artifact_types=seed.artifact_types,
        )
    else:
        types = None if registry.all_types else tuple(registries.accepted_types(tx, registry))
        wanted_types = None if seed.artifact_types is None else tuple(sorted(seed.artifact_types))
        report.left(f"the description of registry {seed.name}", registry.description, seed.description)
        report.left(f"the visibility of registry {seed.name}", registry.visibility.value, seed.visibility.value)
        report.left(f"the list of types of registry {seed.name}", types, wanted_types)
    for alias in seed.protected_aliases:
        registries.protect(tx, registry, alias)
    there: dict[str, Role] = {member.member: member.role for member in members.members(tx, registry)}
    for name, role in seed.members.items():
        if name in there:
            report.left(f"the role of {name} in registry {seed.name}", there[name].value, role.value)
        else:
            members.set_member(tx, registry, name, role)
    return registry


def _collections(tx: Transaction, registry: Registry, seed: SeedRegistry, sources: Sources, report: Report) -> None:
    there = {collection.name: collection for collection in collections.within(tx, registry)}
    rows, existing = _Rows(), []
    next_collection, next_membership = next_key(tx, "collections"), next_key(tx, "memberships")
    for wanted in seed.collections:
        targets, bound = _targets(registry, wanted, sources, report)
        collection = there.get(wanted.name)
        report.count("collection", made=collection is None)
        if collection is not None:
            existing.append((collection, wanted, targets, bound))
        else:
            try:
                collections.check_type(tx, registry, wanted.type)
            except Invalid as error:
                report.problem(str(error), wanted.origin, error.hint)
                continue
            type_id = collections.type_id(tx, registry.id, wanted.type)
            _collect(tx, rows, registry, wanted, (next_collection, type_id, next_membership), targets, bound)
            next_collection += 1
            next_membership += len(targets)
            report.made["link"] += len(targets)
            report.made["alias"] += len(bound)
    _insert(tx, rows)
    if not report.problems:
        for collection, wanted, targets, bound in existing:
            _add_missing(tx, registry, collection, wanted, targets, bound, report)


def _targets(
    registry: Registry, wanted: SeedCollection, sources: Sources, report: Report
) -> tuple[list[_Target], list[tuple[str, int]]]:
    """What to link, in order, and for each alias the position in that list of what it points at."""
    named = [(ref, origin) for _, ref, origin in wanted.aliases if isinstance(ref, SourceRef)]
    later = sorted(named, key=lambda item: (item[0].parts[:3], sources[item[0]].number or 0))
    order: dict[int, int] = {}
    targets: list[_Target] = []
    for ref, origin in (*wanted.versions, *later):
        row = sources[ref]
        problem = _source_problem(registry, wanted, ref, row)
        if problem:
            report.problem(problem, origin)
        elif row.artifact is not None and row.artifact not in order:
            order[row.artifact] = len(targets)
            path = f"{ref.entity}/{ref.project}/{ref.artifact}:v{row.number}"
            targets.append(_Target(row.artifact, path, row.digest or ""))
    bound: list[tuple[str, int]] = []
    for alias, target, origin in wanted.aliases:
        if isinstance(target, IndexRef):
            if target.number < len(targets):
                bound.append((alias, target.number))
            else:
                report.problem(f"the collection has no {target}: the seed links {len(targets)} versions", origin)
        elif sources[target].artifact in order:
            bound.append((alias, order[sources[target].artifact or 0]))
    return targets, bound


def _source_problem(registry: Registry, wanted: SeedCollection, ref: SourceRef, row: SourceRow) -> str | None:
    if row.artifact is None or row.state != COMMITTED:
        return f"{ref} does not exist"
    if row.kind != "team" or row.organization_id != registry.organization_id:
        return f"{ref}: {links.FOREIGN_SOURCE}"
    if row.type != wanted.type:
        return f"{ref} has type {row.type!r}; the collection holds {wanted.type!r}"
    return None


def _collect(
    tx: Transaction,
    rows: _Rows,
    registry: Registry,
    wanted: SeedCollection,
    keys: tuple[int, int, int],
    targets: Sequence[_Target],
    bound: Sequence[tuple[str, int]],
) -> None:
    """The rows of a new collection. `keys`: its own, its type's, and that of its first link."""
    key, type_id, first = keys
    now, actor = tx.now, tx.actor.name
    address = f"{registry.name}/{wanted.name}"

    def event(kind: str, place: str, after: Any) -> None:
        rows.events.append((now, actor, kind, registry.organization, place, to_json(after)))

    rows.collections.append((key, registry.id, wanted.name, type_id, wanted.description, len(targets), now, now))
    event("create-collection", address, {"type": wanted.type, "description": wanted.description})
    if wanted.tags:
        rows.tags.extend((key, tag) for tag in wanted.tags)
        event("tag-collection", address, sorted(wanted.tags))
    for number, target in enumerate(targets):
        rows.memberships.append((first + number, key, target.artifact, number, now))
        event("link-version", f"{address}:v{number}", {"source": target.source, "digest": target.digest})
    for alias, number in (*bound, *([(LATEST, len(targets) - 1)] if targets else [])):
        rows.aliases.append((key, first + number, alias, now))
        event("set-alias", f"{address}:{alias}", number)


def _insert(tx: Transaction, rows: _Rows) -> None:
    tx.many(
        """INSERT INTO collections (id, project_id, kind, name, type_id, description, next_index, created_at, updated_at)
           VALUES (?, ?, 'portfolio', ?, ?, ?, ?, ?, ?)""",
        rows.collections,
    )
    tx.many("INSERT INTO collection_tags (collection_id, tag) VALUES (?, ?)", rows.tags)
    tx.many(
        "INSERT INTO memberships (id, collection_id, artifact_id, version_index, created_at) VALUES (?, ?, ?, ?, ?)",
        rows.memberships,
    )
    metrics.settle(tx, {artifact for _, _, artifact, _, _ in rows.memberships})
    tx.many("INSERT INTO aliases (collection_id, membership_id, name, created_at) VALUES (?, ?, ?, ?)", rows.aliases)
    tx.many("INSERT INTO events (at, actor, kind, organization, address, after) VALUES (?, ?, ?, ?, ?, ?)", rows.events)


def _add_missing(
    tx: Transaction,
    registry: Registry,
    collection: Collection,
    wanted: SeedCollection,
    targets: Sequence[_Target],
    bound: Sequence[tuple[str, int]],
    report: Report,
) -> None:
    """Add to a collection that is there what it lacks."""
    if collection.type != wanted.type:
        message = f"collection {collection.address} is there with type {collection.type!r}, not {wanted.type!r}"
        report.problem(message, wanted.origin, "the type never changes")
        return
    report.left(f"the description of {collection.address}", collection.description, wanted.description)
    for start in range(0, len(wanted.tags), MAX_TAGS_PER_CALL):
        collections.add_tags(tx, collection, wanted.tags[start : start + MAX_TAGS_PER_CALL])
    there = aliases.of_collection(tx, collection)
    placed: list[int] = []
    for target in targets:
        link, made = links.link(tx, registry, collection.name, _version(tx, target))
        report.count("link", made=made)
        placed.append(link.index)
    for alias, position in bound:
        report.count("alias", made=alias not in there)
        if alias in there:
            report.left(f"the alias {collection.address}:{alias}", f"v{there[alias]}", f"v{placed[position]}")
        else:
            aliases.set_aliases(tx, collection, placed[position], [alias])


def _version(tx: Transaction, target: _Target) -> Version:
    return artifacts.by_id(tx, target.artifact)
