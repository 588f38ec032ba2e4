"""The event history: every change of the registry, in order, written in the transaction that made it.

It is there to be read by whoever doubts a plan or a receipt. Kinds (the address, then what `before` and `after` hold):
`set-alias`, `remove-alias` (`model/fraud:production`; indices), `link-version`, `unlink-version` (`model/fraud:v3`; source and
digest), `create-`, `rename-`, `describe-`, `tag-`, `delete-collection`, `create-`, `rename-`, `describe-`, `delete-registry`,
`set-visibility`, `allow-types`, `protect-alias`, `unprotect-alias`, `set-member`, `remove-member` (`model`), `log-version`,
`delete-version`, `tag-version`, `describe-version`, `set-metadata`, `set-ttl` (`entity/project/name:v3`), `delete-sequence`,
`create-organization`, `set-organization-member`, `create-team`, `set-team-member`, `create-user`.
"""

from __future__ import annotations

from sqlite3 import Row
from typing import Any

from regsync.local.store.database import Transaction, read_json
from regsync.names import REGISTRY_PREFIX
from regsync.slots import NamedTuple


class Event(NamedTuple):
    """One change. `actor` is a user name, or "" for the owner of the file; `before` and `after` are JSON values.

    `plan` is the digest of the plan that the actor said they carried out, `commit` that of its manifests; "" where they said none.
    """

    seq: int
    at: str
    actor: str
    kind: str
    organization: str
    address: str
    before: Any
    after: Any
    plan: str
    commit: str


COLUMNS = "seq, at, actor, kind, organization, address, before, after, plan, manifest_commit"


def last(tx: Transaction) -> int:
    """The number of the last event; 0 where there is none. Numbers rise, without gaps."""
    found: int | None = tx.value("SELECT max(seq) FROM events")
    return found or 0


def since(tx: Transaction, seq: int = 0, *, limit: int | None = None) -> list[Event]:
    """The events after number `seq`, in order, at most `limit`."""
    rows = tx.all(
        f"SELECT {COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608 - a constant
        seq,
        -1 if limit is None else limit,
    )
    return [*map(event, rows)]


def event(row: Row) -> Event:
    """What a row of `COLUMNS` tells."""
    told = {name: row[name] for name in ("seq", "at", "actor", "kind", "organization", "address", "plan")}
    return Event(**told, before=read_json(row["before"]), after=read_json(row["after"]), commit=row["manifest_commit"])


def record_unbound(tx: Transaction, project_id: int, collection_id: int | None = None) -> None:
    """Append a `remove-alias` for each alias of a registry, or of one collection of it, that is about to be deleted."""
    tx.run(
        """INSERT INTO events (at, actor, kind, organization, address, before, plan, manifest_commit)
           SELECT ?1, ?2, 'remove-alias', coalesce(o.name, ''),
             iif(r.project_id IS NULL, e.name || '/' || p.name, substr(p.name, length(?3) + 1)) || '/' || c.name || ':' || a.name,
             m.version_index, ?6, ?7
           FROM aliases a JOIN memberships m ON m.id = a.membership_id JOIN collections c ON c.id = a.collection_id
             JOIN projects p ON p.id = c.project_id JOIN entities e ON e.id = p.entity_id
             LEFT JOIN organizations o ON o.id = e.organization_id LEFT JOIN registries r ON r.project_id = p.id
           WHERE p.id = ?4 AND (?5 IS NULL OR c.id = ?5) ORDER BY c.name, a.name""",
        tx.now,
        tx.actor.name,
        REGISTRY_PREFIX,
        project_id,
        collection_id,
        tx.actor.plan,
        tx.actor.commit,
    )
