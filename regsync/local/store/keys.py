"""What is kept of an API key: never the key itself.

A key that the registry made up is 160 random bits, which nobody guesses, so its SHA-256 is kept: the fast path. A key that a
person chose is kept as a slow hash (scrypt) with the registry file's own salt, so that a stolen file does not tell it soon.
The salt is one for the file, because a key is all that a client sends: with a salt for each user, every request would have to
try every user. `key_hash` in the file says which it is: `sha256:…` or `scrypt:…`.
"""

from __future__ import annotations

import hashlib
import threading

from regsync.names import MIN_API_KEY_LENGTH
from regsync.slots import NamedTuple

COST = 2**14
"""scrypt's N for new registry files, with r = 8: 16 MiB and some 50 ms a key on a small machine."""
NONE = "gone:"
"""How what is kept begins where a user has no first key, because it was deleted or never made: the hash of nothing."""
_MOST_REMEMBERED = 4096


class Salt(NamedTuple):
    """What all slow hashes of one registry file are made with."""

    salt: bytes
    cost: int


_remembered: dict[tuple[Salt, str], str] = {}
_one_at_a_time = threading.Lock()


def make_up() -> str:
    """A new random key, which the client takes."""
    import secrets

    return secrets.token_hex(MIN_API_KEY_LENGTH // 2)


def fast(key: str) -> str:
    """What is kept of a key that `make_up` made."""
    return f"sha256:{digest(key)}"


def slow(key_digest: str, salt: Salt) -> str:
    """What is kept of a key that a person chose. From its SHA-256, which is what files of version 1 kept."""
    spent = hashlib.scrypt(key_digest.encode(), salt=salt.salt, n=salt.cost, r=8, p=1, maxmem=2**28)
    return f"scrypt:{spent.hex()}"


def digest(key: str) -> str:
    """The SHA-256 of a key, in hex."""
    return hashlib.sha256(key.encode()).hexdigest()


def recalled(key: str, salt: Salt) -> str | None:
    """The slow hash of a key that `remember` was told of in this process."""
    return _remembered.get((salt, digest(key)))


def guessed(key: str, salt: Salt) -> str:
    """The slow hash of a key that is not known to be right. One at a time, so that guessing cannot take every processor."""
    with _one_at_a_time:
        return slow(digest(key), salt)


def remember(key: str, salt: Salt, kept: str) -> None:
    """Spare the next request with a key that proved right the slow hash. Wrong keys are never remembered."""
    if len(_remembered) < _MOST_REMEMBERED:
        _remembered[salt, digest(key)] = kept
