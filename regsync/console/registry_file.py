"""What the commands of `regsync local` share: `--db`, and `USER:ROLE`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from regsync.console.context import Settings

if TYPE_CHECKING:
    from regsync.local.store.accounts import Organization
    from regsync.local.store.database import Transaction

F = TypeVar("F", bound=Callable[..., Any])

ORGANIZATION_ROLES = ("admin", "member", "viewer")


def db_option(function: F) -> F:
    """Give a command `--db FILE`, as the argument `db`."""
    return click.option(
        "--db",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The registry file. Default: the one of --backend local:FILE, else .regsync/registry.db.",
    )(function)


def registry_file(settings: Settings, db: Path | None) -> Path:
    """The file that a command is about."""
    from regsync.backends import DEFAULT_FILE, local_file

    return db or local_file(settings.backend) or DEFAULT_FILE


def members(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Read `USER:ROLE …`, as a click callback."""
    result: dict[str, str] = {}
    for value in values:
        user, colon, role = value.rpartition(":")
        if not colon or not user or role not in ORGANIZATION_ROLES:
            roles = ", ".join(ORGANIZATION_ROLES)
            raise click.BadParameter(f"{value!r} is not USER:ROLE with a role of {roles}", context, parameter)
        result[user] = role
    return result


def the_organization(tx: Transaction, name: str | None) -> Organization:
    """The organization of that display name; without one, the only one that there is. Raises `NotFound`, `Invalid`."""
    from regsync.local.store import accounts
    from regsync.local.store.errors import Invalid

    if name is not None:
        return accounts.organization(tx, name)
    known = accounts.organizations(tx)
    if len(known) != 1:
        names = ", ".join(each.name for each in known) or "none"
        raise Invalid(f"which organization? There are: {names}", hint="say it with --org NAME")
    return known[0]
