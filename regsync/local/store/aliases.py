"""Aliases: names for one version of a collection. Setting one that another version holds moves it, in one step.

`latest` and `v0, v1, …` belong to the registry and are refused here. In a registry, aliases on its protected list need
the role admin ("Reference an artifact version with aliases" in the W&B documentation).
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from regsync.local.store import collections
from regsync.local.store.access import missing, require
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.names import LATEST, Role, alias_problem, version_index
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class Holder:
    """The membership that an alias or an index names: its key, its index in the collection, its artifact's key."""

    membership_id: int
    index: int
    artifact_id: int


def holder(tx: Transaction, collection: Collection, name: str) -> Holder | None:
    """What an alias (`latest` included) or an index (`v3`) of a collection names, or None."""
    index = version_index(name)
    if index is not None:
        row = tx.one(
            "SELECT id, version_index, artifact_id FROM memberships WHERE collection_id = ? AND version_index = ?",
            collection.id,
            index,
        )
    else:
        row = tx.one(
            """SELECT m.id, m.version_index, m.artifact_id FROM aliases a JOIN memberships m ON m.id = a.membership_id
               WHERE a.collection_id = ? AND a.name = ?""",
            collection.id,
            name,
        )
    return Holder(*row) if row else None


def of_collection(tx: Transaction, collection: Collection) -> dict[str, int]:
    """Every alias of a collection (`latest` included) with the index that it points at, by name."""
    rows = tx.all(
        """SELECT a.name, m.version_index FROM aliases a JOIN memberships m ON m.id = a.membership_id
           WHERE a.collection_id = ? ORDER BY a.name""",
        collection.id,
    )
    return {row["name"]: row["version_index"] for row in rows}


def of_membership(tx: Transaction, membership_id: int) -> list[str]:
    """The aliases (`latest` included) that sit on one membership, by name."""
    rows = tx.all("SELECT name FROM aliases WHERE membership_id = ? ORDER BY name", membership_id)
    return [row["name"] for row in rows]


def of_memberships(tx: Transaction, keys: Iterable[int]) -> dict[int, list[str]]:
    """The aliases of many memberships, as `of_membership` has them for each."""
    found: dict[int, list[str]] = {key: [] for key in keys}
    rows = tx.tuples(
        """SELECT a.membership_id, a.name FROM json_each(?) k CROSS JOIN aliases a ON a.membership_id = k.value
           ORDER BY a.name""",
        json.dumps([*found]),
    )
    for key, name in rows:
        found[key].append(name)
    return found


def set_aliases(tx: Transaction, collection: Collection, index: int, names: Iterable[str]) -> None:
    """Point aliases at the version of that index; each moves in one step where another version holds it.

    All of them or none: `Forbidden` and `Invalid` are raised before anything changes. `NotFound` for an index not in use.
    """
    unique = sorted(set(names))
    check(tx, collection, unique, "set aliases")
    target = holder(tx, collection, f"v{index}")
    if target is None:
        missing(f"{collection.address}:v{index}")
    for name in unique:
        point(tx, collection, name, target.membership_id, index)


def set_on(tx: Transaction, collection: Collection, membership_id: int, index: int, names: Iterable[str]) -> None:
    """As `set_aliases`, for a version whose place there was read in this transaction."""
    unique = sorted(set(names))
    check(tx, collection, unique, "set aliases")
    for name in unique:
        point(tx, collection, name, membership_id, index)


def remove_aliases(tx: Transaction, collection: Collection, names: Iterable[str], *, index: int | None = None) -> None:
    """Take aliases off whatever holds them (or, with `index`, off that version). All of them or none.

    Raises `Forbidden`, `Invalid`, and `NotFound` for an alias that is not set, or is set on another version than `index`.
    """
    unique = sorted(set(names))
    check(tx, collection, unique, "remove aliases")
    held = [(name, holder(tx, collection, name)) for name in unique]
    for name, found in held:
        if found is None or index not in (None, found.index):
            missing(f"alias {collection.address}:{name}")
    for name, found in held:
        tx.run("DELETE FROM aliases WHERE collection_id = ? AND name = ?", collection.id, name)
        if found is not None:
            tx.record("remove-alias", collection.organization, f"{collection.address}:{name}", found.index, None)


def check(tx: Transaction, collection: Collection, names: Iterable[str], doing: str) -> None:
    """Raise `Invalid` or `Forbidden` unless the actor may set or remove all of these aliases here."""
    own = collections.role(tx, collection)
    require(own, Role.MEMBER, doing, f"collection {collection.address}")
    for name in names:
        problem = alias_problem(name)
        if problem:
            raise Invalid(f"alias {name!r} {problem}")
        if own is not Role.ADMIN and is_protected(tx, collection, name):
            require(own, Role.ADMIN, f"change the protected alias {name!r}", f"collection {collection.address}")


def is_protected(tx: Transaction, collection: Collection, name: str) -> bool:
    """Whether an alias is on the protected list of the collection's registry. Never, outside of registries."""
    return bool(
        tx.value(
            "SELECT 1 FROM registry_protected_aliases WHERE project_id = ? AND alias = ?", collection.project_id, name
        )
    )


def point(tx: Transaction, collection: Collection, name: str, membership_id: int, index: int) -> None:
    """Point one alias, `latest` included, without asking for a role. Nothing happens where it points there already."""
    before = holder(tx, collection, name)
    if before is not None and before.membership_id == membership_id:
        return
    tx.run(
        """INSERT INTO aliases (collection_id, membership_id, name, created_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (collection_id, name) DO UPDATE SET membership_id = excluded.membership_id""",
        collection.id,
        membership_id,
        name,
        tx.now,
    )
    tx.record(
        "set-alias", collection.organization, f"{collection.address}:{name}", before.index if before else None, index
    )


def settle_latest(tx: Transaction, collection: Collection) -> None:
    """After a version left: give `latest`, if nobody holds it, to the highest index that is left."""
    if holder(tx, collection, LATEST):
        return
    row = tx.one(
        "SELECT id, version_index FROM memberships WHERE collection_id = ? ORDER BY version_index DESC LIMIT 1",
        collection.id,
    )
    if row:
        point(tx, collection, LATEST, row["id"], row["version_index"])
