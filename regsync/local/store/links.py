"""Links: artifact versions in a registry's collections.

Facts: "Link an artifact version to a registry" in the W&B documentation; the vendor's system tests. Assumed, because
nobody published it: linking a version that is linked already returns the link that it has (and sets the aliases
given); indices are never reused; `latest` goes to the highest remaining index when its holder is unlinked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from regsync.local.store import aliases, artifacts, collections, metrics
from regsync.local.store.access import missing, require
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.database import Transaction, json_parameter
from regsync.local.store.errors import Conflict, Invalid
from regsync.local.store.projects import Project
from regsync.local.store.registries import Registry
from regsync.names import LATEST, Role, version_index
from regsync.slots import NamedTuple

FOREIGN_SOURCE = "linking is only allowed within the same team or to a collection in your organization's registry"
"""What W&B answers to linking an artifact of a personal entity or of another organization."""


class Link(NamedTuple):
    """A version's place in a collection: `id` is the key of the membership, `index` the N of its `vN` there."""

    id: int
    collection_id: int
    artifact_id: int
    index: int  # type: ignore[assignment]  # hides the method of tuples
    created_at: str


def of_collection(tx: Transaction, collection: Collection) -> list[Link]:
    """The links of a collection (or the versions of a sequence), by index."""
    rows = tx.all(
        """SELECT id, collection_id, artifact_id, version_index, created_at FROM memberships
           WHERE collection_id = ? ORDER BY version_index""",
        collection.id,
    )
    return [Link(*row) for row in rows]


def get(tx: Transaction, collection: Collection, version: str) -> Link:
    """The link that an index (`v3`) or an alias names. Raises `NotFound`."""
    found = aliases.holder(tx, collection, version)
    if found is None:
        missing(f"{collection.address}:{version}")
    return by_id(tx, found.membership_id)


def named(tx: Transaction, wanted: Sequence[tuple[Collection, str]]) -> list[Link | None]:
    """As `get`, for an index or an alias of each of many collections, in their order; None where there is none.

    Raises `ValueError` as `json_parameter`.
    """
    rows = [(collection.id, version_index(version), version) for collection, version in wanted]
    found = tx.tuples(
        """SELECT k.key, m.id, m.collection_id, m.artifact_id, m.version_index, m.created_at
           FROM json_each(?) k CROSS JOIN memberships m ON m.id = CASE
             WHEN k.value ->> 1 IS NULL
             THEN (SELECT membership_id FROM aliases WHERE collection_id = k.value ->> 0 AND name = k.value ->> 2)
             ELSE (SELECT id FROM memberships WHERE collection_id = k.value ->> 0 AND version_index = k.value ->> 1) END""",
        json_parameter(rows),
    )
    links = {place: Link(*rest) for place, *rest in found}
    return [links.get(place) for place in range(len(rows))]


def find(tx: Transaction, collection: Collection, artifact_id: int) -> Link | None:
    """The link of that artifact in a collection, or None."""
    row = tx.one(
        """SELECT id, collection_id, artifact_id, version_index, created_at FROM memberships
           WHERE collection_id = ? AND artifact_id = ?""",
        collection.id,
        artifact_id,
    )
    return Link(*row) if row else None


def by_id(tx: Transaction, key: int) -> Link:
    """The link with that integer key, whoever acts. Raises `NotFound`."""
    row = tx.one("SELECT id, collection_id, artifact_id, version_index, created_at FROM memberships WHERE id = ?", key)
    return Link(*row) if row else missing("link")


def link(
    tx: Transaction,
    place: Registry | Project,
    collection_name: str,
    version: Version,
    names: Iterable[str] = (),
) -> tuple[Link, bool]:
    """Link an artifact version into a collection, made with the artifact's type where it is missing.

    `names` are aliases for the link; `latest` among them is left out, since every new link gets it anyway. Returns the
    link and whether it is new. `version` may have been found through another link: it is the source that is linked.
    Whoever links must be able to read the version's files, and lends the registry no more than their own role for it. In a project,
    only what its own user or team logged can be linked, so nothing is lent there.
    Raises `Forbidden`, `Invalid` (the type, a personal or foreign source), `Conflict` (a deleted or pending version).
    """
    collections.require_in(tx, place, "link versions")
    # As it is now: it may have been read in an earlier transaction.
    return link_read(tx, place, collection_name, artifacts.by_id(tx, version.id), names)


def link_read(
    tx: Transaction,
    place: Registry | Project,
    collection_name: str,
    version: Version,
    names: Iterable[str] = (),
) -> tuple[Link, bool]:
    """As `link`, for a version that was read in this transaction, and not changed since."""
    collections.require_in(tx, place, "link versions")
    own = artifacts.role(tx, version)
    require(own, Role.VIEWER, "link a version whose files it cannot read", artifacts.shown(tx, version))
    _check_source(tx, place, version)
    collection = collections.find(tx, place, collection_name)
    if collection is not None:
        collections.require_portfolio(collection)
    if collection is not None and collection.type != version.type:
        raise Invalid(
            f"{artifacts.shown(tx, version)} has type {version.type!r}; collection {collection.address} holds {collection.type!r}"
        )
    collections.check_type(tx, place, version.type)
    if collection is None:
        collection = collections.create(tx, place, collection_name, version.type)
    wanted = sorted(set(names) - {LATEST})
    aliases.check(tx, collection, wanted, "set aliases")
    found = find(tx, collection, version.id)
    made = found is None
    if found is None:
        found = _insert(tx, collection, version, own or Role.VIEWER)
        artifacts.switch_off_ttl(tx, version)
    else:
        _lend_more(tx, found, own or Role.VIEWER)
    for name in wanted:
        aliases.point(tx, collection, name, found.id, found.index)
    return found, made


def unlink(tx: Transaction, place: Registry | Project, collection: Collection, version: Version) -> None:
    """Take a version out of a collection, with the aliases that it holds there. Its index is not used again.

    Raises `NotFound`, and `Forbidden` (also to members where it carries a protected alias).
    """
    collections.require_in(tx, place, "unlink versions")
    own = collections.role(tx, collection)
    collections.require_portfolio(collection)
    found = find(tx, collection, version.id)
    if found is None:
        missing(f"{artifacts.shown(tx, version)} in {collection.address}")
    held = aliases.of_membership(tx, found.id)
    for name in held:
        if aliases.is_protected(tx, collection, name):
            require(own, Role.ADMIN, f"unlink a version under a protected alias ({name})", collection.address)
    tx.run("DELETE FROM memberships WHERE id = ?", found.id)
    address = f"{collection.address}:v{found.index}"
    for name in held:
        tx.record("remove-alias", collection.organization, f"{collection.address}:{name}", found.index, None)
    tx.record("unlink-version", collection.organization, address, _evidence(version), None)
    aliases.settle_latest(tx, collection)


def _check_source(tx: Transaction, place: Registry | Project, version: Version) -> None:
    if version.state != artifacts.COMMITTED:
        reason = "was deleted" if version.state == artifacts.DELETED else "is still being uploaded"
        raise Conflict(f"{artifacts.shown(tx, version)} {reason}")
    if isinstance(place, Project):
        if version.entity_id != place.entity_id:
            raise Invalid(FOREIGN_SOURCE, hint=f"log the artifact under {place.entity}, or link it to a registry")
        return
    if version.entity_kind != "team" or version.organization_id != place.organization_id:
        seen = f"; {version.entity!r} is not one" if artifacts.source_is_visible(tx, version) else ""
        raise Invalid(
            FOREIGN_SOURCE, hint=f"log the artifact under a team of organization {place.organization!r}{seen}"
        )


def _lend_more(tx: Transaction, link: Link, own: Role) -> None:
    """Linking again as somebody with a stronger role for the version: the link lends that role from now on."""
    lends = Role(tx.value("SELECT lends FROM memberships WHERE id = ?", link.id))
    if own.strength < lends.strength:
        tx.run("UPDATE memberships SET lends = ? WHERE id = ?", own, link.id)


def _insert(tx: Transaction, collection: Collection, version: Version, lends: Role) -> Link:
    index = collections.take_index(tx, collection)
    key = tx.run(
        """INSERT INTO memberships (collection_id, artifact_id, version_index, user_id, lends, created_at)
           VALUES (?, ?, ?, ?, ?, ?)""",
        collection.id,
        version.id,
        index,
        tx.actor.user_id,
        lends,
        tx.now,
    )
    if version.metadata_json != "{}":
        metrics.settle(tx, [version.id])
    tx.record("link-version", collection.organization, f"{collection.address}:v{index}", None, _evidence(version))
    aliases.point(tx, collection, LATEST, key, index)
    return Link(key, collection.id, version.id, index, tx.now)


def _evidence(version: Version) -> dict[str, str]:
    return {"source": str(version), "digest": version.digest}
