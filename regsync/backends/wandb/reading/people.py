"""Users and teams by their names: their ids, for whoever becomes a member of a registry."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from regsync.backends.wandb.connection import documents
from regsync.backends.wandb.connection.answers import DeniedError, well_formed
from regsync.backends.wandb.connection.documents import Dialect
from regsync.backends.wandb.connection.fetch import Part
from regsync.backends.wandb.reading.observing import Reading
from regsync.names import TEAM_PREFIX, Role


def unknown(reading: Reading, members: Collection[str]) -> Mapping[str, bool]:
    """Those that the server does not know, or does not show to this key; none where it tells this key of nobody. True: it is an
    admin's of the organization, who is shown everybody.

    Raises `BackendError`.
    """
    if not members:
        return {}
    names = sorted(members)
    what = "looking up new members"
    try:
        found = reading.fetch(lambda dialect: [lookup(name, dialect) for name in names], what)
    except DeniedError:
        return {}  # Whoever may not see people cannot say that somebody is missing.
    with well_formed(what):
        missing = [name for name, each in zip(names, found, strict=True) if id_of(name, each) is None]
    certain = bool(missing) and reading.organization_role() is Role.ADMIN
    return dict.fromkeys(missing, certain)


def lookup(member: str, dialect: Dialect) -> Part:
    """What to ask for the id of a member."""
    if member.startswith(TEAM_PREFIX):
        return documents.team(member.removeprefix(TEAM_PREFIX))
    return documents.users(member, dialect)


def id_of(member: str, found: Any) -> str | None:
    """The id of a user or a team of exactly that name, or None."""
    if not found:
        return None
    if member.startswith(TEAM_PREFIX):
        return found["id"] if found.get("isTeam") else None
    users = found if isinstance(found, list) else [edge["node"] for edge in found["edges"]]
    return next((user["id"] for user in users if user and user.get("username") == member), None)
