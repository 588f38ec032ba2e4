"""From the tables of a registry file to `Live`."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

from regsync.core.live import Live, LiveCollection, LiveRegistry, ReadProof, RegistryScope, Scope, Version
from regsync.local.store import bulk, ids, members, registries
from regsync.local.store.accounts import Organization
from regsync.local.store.database import Transaction
from regsync.local.store.registries import Registry
from regsync.names import LATEST
from regsync.stages import stage

MANY = 10
"""Registries: from so many on, they are counted while they are read; else the links of each."""


def observe(tx: Transaction, organization: Organization, scope: Scope) -> Live:
    """Everything in a scope, at one moment."""
    found: dict[str, LiveRegistry] = {}
    items = 0
    with stage("reading registries", "registries", len(scope) if len(scope) >= MANY else None) as reading:
        for name, wanted in scope.items():
            registry = registries.find(tx, organization, name)
            if registry is not None:
                found[name] = live = _registry(tx, registry, wanted)
                held = sum(1 + len(each.links) + len(each.aliases) for each in live.collections.values())
                items += 1 + len(live.members or ()) + held
            reading.advance()
    return Live(found, ReadProof(complete=True, pages=1, items=items))


def _registry(tx: Transaction, registry: Registry, wanted: RegistryScope) -> LiveRegistry:
    listed = {member.member: member.role for member in members.members(tx, registry)} if wanted.members else None
    return LiveRegistry(
        registry.name,
        registry.description,
        registry.visibility,
        None if registry.all_types else frozenset(registries.accepted_types(tx, registry)),
        frozenset(registries.protected_aliases(tx, registry)),
        None if listed is None else {str(member): role for member, role in listed.items()},
        collections(tx, registry, wanted.collections),
        registries.role(tx, registry),
    )


def collections(tx: Transaction, registry: Registry, names: frozenset[str] | None) -> dict[str, LiveCollection]:
    """The collections of those names (None: all), with all that is in them."""
    if names is not None and not names:
        return {}
    # Most of them are read sooner as all of them, without those that are not wanted, than by their names.
    asked = None if names is None or 2 * len(names) > bulk.count(tx, registry) else names
    by_key = {
        row.key: LiveCollection(row.name, row.type, row.description, next_index=row.next_index)
        for row in bulk.collections(tx, registry, asked)
        if names is None or row.name in names
    }
    encode = ids.encoder(ids.Kind.ARTIFACT)
    new = tuple.__new__  # Half the price of calling `Version`, of which there are many.
    # Every index that was ever given: as many as there are links, where none was taken away.
    about = sum(each.next_index or 0 for each in by_key.values())
    with stage(registry.name, "links", about) as reading:
        for sequences, rows in bulk.links(tx, registry, asked):
            links: dict[int, Version] = {}
            last = None
            for key, number, artifact, sequence, version, digest in rows:
                if key != last:
                    last, links = key, by_key[key].links if key in by_key else {}
                path, kind = sequences[sequence]
                links[number] = new(Version, (encode(artifact), f"{path}{version}" if path else "", digest, kind))
            reading.advance(len(rows))
        reading.reach(about, about)
    for key, found in bulk.aliases(tx, registry, asked):
        if key in by_key:
            by_key[key].latest = found.pop(LATEST, None)
            by_key[key].aliases = found
    for key, group in groupby(bulk.tags(tx, registry, asked), itemgetter(0)):
        if key in by_key:
            by_key[key].tags = frozenset(tag for _, tag in group)
    return {collection.name: collection for collection in by_key.values()}
