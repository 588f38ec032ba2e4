"""Whose API key it is: who acts is settled here. What is kept of a key is made in `keys.py`."""

from __future__ import annotations

from sqlite3 import Row

from regsync.local.store import keys
from regsync.local.store.access import missing
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store, Transaction
from regsync.local.store.errors import Invalid, Unauthorized
from regsync.names import MIN_API_KEY_LENGTH
from regsync.slots import NamedTuple


def check_api_key(key: str) -> None:
    """Raise `Invalid` for a key that the W&B client would refuse."""
    if len(key) < MIN_API_KEY_LENGTH:
        raise Invalid(
            f"an API key has at least {MIN_API_KEY_LENGTH} characters; this one has {len(key)}",
            hint="leave the key out to have one made up",
        )
    if not key.isascii() or not key.isprintable() or any(character in key for character in " :"):
        raise Invalid("an API key consists of ASCII characters without spaces and colons")


def client_objection(key: str) -> str | None:
    """Why the W&B client would not send this key, which the registry itself takes; None where it would.

    Source: the client (0.31) counts only what follows the first hyphen, because keys of on-premises servers start with
    `local-`.
    """
    _, hyphen, rest = key.partition("-")
    if not hyphen or len(rest) >= MIN_API_KEY_LENGTH:
        return None
    return (
        f"the wandb client counts the {MIN_API_KEY_LENGTH} characters of a key from after its first hyphen, "
        f"and finds {len(rest)} here: it will not send this key"
    )


def authenticate(tx: Transaction, api_key: str) -> Actor:
    """The actor that an API key stands for. Raises `Unauthorized`. A server asks `identify`, which holds no lock for long."""
    return _actor(holder(tx, api_key))


class Recalled(NamedTuple):
    """The actor of a key, and what is kept of the key, which is the proof of it."""

    actor: Actor
    kept: str


def recall(store: Store, api_key: str) -> Recalled | None:
    """The actor of a key that the registry made up, or that proved right before in this process. Quick."""
    with store.read() as tx:
        return _recalled(tx, api_key)


def prove(tx: Transaction, api_key: str, before: Recalled) -> None:
    """Raise `Unauthorized` unless a key that proved right before in this process is that actor's still."""
    row = tx.once(("key", before.kept), lambda: _by_hash(tx, before.kept))
    if row is not None and tuple(row) == (before.actor.user_id, before.actor.name):
        return
    again = None if row is not None else _recalled(tx, api_key)  # It may be kept in the other way by now.
    if again is None or again.actor != before.actor:
        _actor(None)


def _recalled(tx: Transaction, api_key: str) -> Recalled | None:
    for kept in (keys.fast(api_key), keys.recalled(api_key, _salt(tx))):
        row = None if kept is None else _by_hash(tx, kept)
        if kept is not None and row is not None:
            return Recalled(_actor(row), kept)
    return None


def identify(store: Store, api_key: str) -> Recalled:
    """The actor that an API key stands for. Raises `Unauthorized`. Slow, and outside of any transaction; ask `recall` first."""
    with store.read() as tx:
        salt = _salt(tx)
    kept = keys.guessed(api_key, salt)
    with store.read() as tx:
        row = _by_hash(tx, kept)
    if row is not None:
        keys.remember(api_key, salt, kept)
    return Recalled(_actor(row), kept)


def is_key_of(tx: Transaction, user_id: int, api_key: str) -> bool:
    """Whether that is the API key of that user."""
    row = holder(tx, api_key)
    return row is not None and row["id"] == user_id


def holder(tx: Transaction, api_key: str) -> Row | None:
    """The key and the name of the user whose API key that is. Slow, unless the registry made it up."""
    return _by_hash(tx, keys.fast(api_key)) or _by_hash(tx, slow(tx, api_key))


def slow(tx: Transaction, api_key: str) -> str:
    """What is kept of a key that a person chose."""
    salt = _salt(tx)
    kept = keys.recalled(api_key, salt) or keys.guessed(api_key, salt)
    if _by_hash(tx, kept) is not None or tx.writing:
        keys.remember(api_key, salt, kept)
    return kept


def _salt(tx: Transaction) -> keys.Salt:
    row = tx.one("SELECT key_salt, key_cost FROM instance")
    return keys.Salt(*row) if row else missing("registry")


def _by_hash(tx: Transaction, kept: str | None) -> Row | None:
    return tx.one(
        """SELECT id, name FROM users WHERE key_hash = ?1
           UNION ALL SELECT u.id, u.name FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.key_hash = ?1""",
        kept,
    )


def _actor(row: Row | None) -> Actor:
    if row is None:
        raise Unauthorized("invalid API key", hint="`regsync local user add` makes users with keys")
    return Actor(row["id"], row["name"])
