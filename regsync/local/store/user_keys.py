"""The API keys of users: the one that a user came with, and those that they made for themselves.

A key is told once, when it is made. What is kept for telling keys apart is its first characters.
"""

from __future__ import annotations

from regsync.local.store import keys
from regsync.local.store.access import is_server_admin, missing
from regsync.local.store.accounts import User, user_by_id
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Conflict, Forbidden, Invalid
from regsync.slots import NamedTuple

MOST_KEYS = 100
"""Keys of one user."""
LONGEST_DESCRIPTION = 1000
_HINT = 6


class Key(NamedTuple):
    """A key as it may be told of. `id` is None for the key that the user came with, of which no character is known."""

    id: int | None
    user_id: int
    hint: str
    description: str | None


def of_user(tx: Transaction, user: User) -> list[Key]:
    """A user's keys, oldest first; none to whoever is neither that user nor an admin of the server."""
    if not _may(tx, user.id):
        return []
    first = tx.value("SELECT key_hash FROM users WHERE id = ?", user.id)
    came_with = [] if first.startswith(keys.NONE) else [Key(None, user.id, "first key", None)]
    rows = tx.all("SELECT id, user_id, hint, description FROM api_keys WHERE user_id = ? ORDER BY id", user.id)
    return [*came_with, *(Key(row["id"], row["user_id"], f"{row['hint']}…", row["description"]) for row in rows)]


def make(tx: Transaction, description: str | None) -> tuple[Key, str]:
    """One more key of the acting user, and the key itself, which nobody can be told again. Raises `Forbidden`, `Invalid`, `Conflict`."""
    if tx.actor.user_id is None:
        raise Forbidden("permission denied: the owner of the registry file has no keys")
    return make_for(tx, user_by_id(tx, tx.actor.user_id), description)


def make_for(tx: Transaction, user: User, description: str | None) -> tuple[Key, str]:
    """As `make`, for a user whose key the actor may make: who that is, is for the caller to ask. Raises `Invalid`, `Conflict`."""
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        raise Invalid(f"the description of a key has at most {LONGEST_DESCRIPTION} characters")
    if len(of_user(tx, user)) >= MOST_KEYS:
        raise Conflict(f"{user.name} has {MOST_KEYS} keys", hint="delete those that nobody uses")
    secret = keys.make_up()
    hint = secret[:_HINT]
    key = tx.run(
        "INSERT INTO api_keys (user_id, key_hash, hint, description, created_at) VALUES (?, ?, ?, ?, ?)",
        user.id,
        keys.fast(secret),
        hint,
        description,
        tx.now,
    )
    tx.record("create-key", "", user.name, None, {"key": f"{hint}…"})
    return Key(key, user.id, f"{hint}…", description), secret


def delete(tx: Transaction, found: Key) -> None:
    """Delete a key: it opens nothing from now on. Raises `Conflict` for the last one of its user, `Forbidden`, `NotFound`."""
    if not _may(tx, found.user_id):
        missing("API key")
    user = user_by_id(tx, found.user_id)
    kept = of_user(tx, user)
    if found.id not in [key.id for key in kept]:
        missing("API key")
    if len(kept) == 1:
        raise Conflict(f"this is the only API key of {user.name}", hint="generate another one first")
    if found.id is None:
        tx.run("UPDATE users SET key_hash = ? WHERE id = ?", f"{keys.NONE}{user.id}", user.id)
    else:
        tx.run("DELETE FROM api_keys WHERE id = ?", found.id)
    tx.record("delete-key", "", user.name, {"key": found.hint}, None)


def by_id(tx: Transaction, key: int) -> Key:
    """A key that was made later, by its integer key. Raises `NotFound`, also for one that the actor may not hear of."""
    row = tx.one("SELECT id, user_id, hint, description FROM api_keys WHERE id = ?", key)
    if row is None or not _may(tx, row["user_id"]):
        missing("API key")
    return Key(row["id"], row["user_id"], f"{row['hint']}…", row["description"])


def first_of(tx: Transaction, user_id: int) -> Key:
    """The key that a user came with. Raises `NotFound`, also where the actor may not hear of it, or it was deleted."""
    if tx.value("SELECT 1 FROM users WHERE id = ?", user_id) and _may(tx, user_id):
        for key in of_user(tx, user_by_id(tx, user_id)):
            if key.id is None:
                return key
    return missing("API key")


def _may(tx: Transaction, user_id: int) -> bool:
    return user_id == tx.actor.user_id or is_server_admin(tx)
