"""Reading much at once, in few queries: what planning needs. Rows are plain named tuples, in a stable order.

Whoever calls has got the registry, so it is visible to the actor; a link's source is "" where the actor cannot read it.
"""

from __future__ import annotations

import json
from collections.abc import Collection as Names
from collections.abc import Iterator, Mapping
from itertools import islice, starmap

from regsync.local.store.access import readable_entities
from regsync.local.store.database import Transaction
from regsync.local.store.registries import Registry
from regsync.slots import NamedTuple


class CollectionRow(NamedTuple):
    """A collection: its key, and its settings."""

    key: int
    name: str
    type: str
    description: str | None
    next_index: int


class SequenceRow(NamedTuple):
    """An artifact whose versions are linked: `path` is `entity/project/name:v`, or "" where the actor cannot read it."""

    path: str
    type: str


_COLLECTIONS = """
SELECT c.id, c.name, t.name, c.description, c.next_index FROM collections c JOIN artifact_types t ON t.id = c.type_id
WHERE c.project_id = ?1 AND (?2 IS NULL OR c.name IN (SELECT value FROM json_each(?2))) ORDER BY c.name
"""
_CHOSEN = "c.project_id = ?1 AND (?2 IS NULL OR c.name IN (SELECT value FROM json_each(?2)))"
# Sorted by the collection's name, rows come in the order of SQLite's own indexes, and nothing has to be sorted.
_LINKS = f"""
SELECT m.collection_id, m.version_index, a.id, a.sequence_id, a.version_index, a.digest
FROM collections c JOIN memberships m ON m.collection_id = c.id JOIN artifacts a ON a.id = m.artifact_id
WHERE {_CHOSEN} ORDER BY c.name, m.version_index
"""  # noqa: S608 - a constant of this package
_SEQUENCES = """
SELECT s.id, e.id, e.name || '/' || p.name || '/' || s.name || ':v', t.name
FROM collections s JOIN artifact_types t ON t.id = s.type_id JOIN projects p ON p.id = s.project_id
  JOIN entities e ON e.id = p.entity_id
WHERE s.id IN (SELECT value FROM json_each(?))
"""
_ALIASES = f"""
SELECT c.id, json_group_object(x.name, m.version_index)
FROM collections c JOIN aliases x ON x.collection_id = c.id JOIN memberships m ON m.id = x.membership_id
WHERE {_CHOSEN} GROUP BY c.name
"""  # noqa: S608 - a constant of this package
_TAGS = """
SELECT g.collection_id, g.tag FROM collections c JOIN collection_tags g ON g.collection_id = c.id
WHERE c.project_id = ?1 AND (?2 IS NULL OR c.name IN (SELECT value FROM json_each(?2)))
ORDER BY g.collection_id, g.tag
"""


_LINKS_AT_ONCE = 2_000
LinkRow = tuple[int, int, int, int, int, str]
"""A link: the collection's key, the index, the version's key, its artifact's key and its number in that, its digest."""


def _chosen(names: Names[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))


def collections(tx: Transaction, registry: Registry, names: Names[str] | None) -> Iterator[CollectionRow]:
    """The collections of a registry (those of the given names, or with None all), by name."""
    return starmap(CollectionRow, tx.tuples(_COLLECTIONS, registry.id, _chosen(names)))


def count(tx: Transaction, registry: Registry) -> int:
    """How many collections a registry has."""
    return int(tx.value("SELECT count(*) FROM collections WHERE project_id = ?", registry.id))


def links(
    tx: Transaction, registry: Registry, names: Names[str] | None
) -> Iterator[tuple[Mapping[int, SequenceRow], list[LinkRow]]]:
    """The links of those collections, by the collection's name and index, many at a time: the artifacts by key, and the links."""
    readable = readable_entities(tx)
    known: dict[int, SequenceRow] = {}
    rows = tx.tuples(_LINKS, registry.id, _chosen(names))
    # Artifacts have many links: they are looked up apart, those of many links at a time.
    while some := list(islice(rows, _LINKS_AT_ONCE)):
        unknown = {row[3] for row in some} - known.keys()
        for key, entity, path, kind in tx.tuples(_SEQUENCES, json.dumps(list(unknown))) if unknown else ():
            known[key] = SequenceRow(path if readable is None or entity in readable else "", kind)
        yield known, some


def aliases(tx: Transaction, registry: Registry, names: Names[str] | None) -> Iterator[tuple[int, dict[str, int]]]:
    """The aliases of those collections that have any, `latest` included: the collection, and the index of each alias by name."""
    read = json.JSONDecoder().raw_decode  # `loads` looks for blanks around the text as well, which takes as long again.
    for key, found in tx.tuples(_ALIASES, registry.id, _chosen(names)):
        yield key, read(found)[0]


def tags(tx: Transaction, registry: Registry, names: Names[str] | None) -> Iterator[tuple[int, str]]:
    """The tags of those collections: collection, tag."""
    return tx.tuples(_TAGS, registry.id, _chosen(names))
