"""`regsync local user`: users and their API keys."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import format_option
from regsync.console.output import write_data
from regsync.console.registry_file import db_option, registry_file, the_organization
from regsync.diagnostics import RegsyncError


@click.group("user")
def command() -> None:
    """Users and their API keys."""


@command.command("add")
@click.argument("name")
@click.option(
    "--api-key",
    metavar="KEY",
    envvar="REGSYNC_USER_API_KEY",
    show_envvar=True,
    help="At least 40 characters; made up and shown where it is left out. An argument stands in the list of processes: "
    "better is - to read the key from standard input, the variable, or --api-key-file.",
)
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file that holds the key and nothing else.",
)
@click.option("--admin", is_flag=True, help="An admin of the organization instead of a member.")
@click.option("--org", metavar="ORG", help="The organization to join, where there are several.")
@click.option("--no-org", is_flag=True, help="A user of no organization yet.")
@click.option(
    "--server-admin",
    is_flag=True,
    help="May find every user of the file, make users, and delete keys of theirs. Gives no role in an organization.",
)
@db_option
@pass_settings
def add(
    settings: Settings,
    name: str,
    api_key: str | None,
    api_key_file: Path | None,
    admin: bool,
    org: str | None,
    no_org: bool,
    server_admin: bool,
    db: Path | None,
) -> int:
    """Add a user NAME to the organization."""
    from regsync.local.store import accounts, identities
    from regsync.local.store.database import open_store
    from regsync.looks.escape import plain
    from regsync.names import Role

    if no_org and (org is not None or admin):
        raise RegsyncError(
            f"--no-org and {'--admin' if admin else '--org'} do not go together", "leave one of them out"
        )
    api_key = _given(api_key, api_key_file)
    role = Role.ADMIN if admin else Role.MEMBER
    store = open_store(registry_file(settings, db))
    with store.write() as tx:
        organization = None if no_org else the_organization(tx, org)
        user, key = accounts.add_user(tx, name, api_key, server_admin=server_admin)
        if organization is not None:
            accounts.set_organization_member(tx, organization, user, role)
    store.close()
    place = "of no organization yet" if organization is None else f"{role} of {plain(organization.name)}"
    click.echo(f"added user {plain(name)}: {place}{', admin of the server' if server_admin else ''}")
    objection = identities.client_objection(key)
    if objection is not None:
        settings.say(f"warning: {objection}")
    if api_key is None:
        click.echo(f"API key of {plain(name)}: {key}")
        settings.say("the key is not kept and cannot be shown again")
    return 0


@command.command("key")
@click.argument("name")
@click.option("--description", metavar="TEXT", help="What the key is for.")
@db_option
@pass_settings
def make_key(settings: Settings, name: str, description: str | None, db: Path | None) -> int:
    """One more API key for user NAME, shown once: for those whom an admin made through the server, and for lost keys."""
    from regsync.local.store import accounts, people
    from regsync.local.store.database import open_store
    from regsync.looks.escape import plain

    store = open_store(registry_file(settings, db))
    with store.write() as tx:
        key = people.give_key(tx, accounts.user(tx, name), description)
    store.close()
    click.echo(f"API key of {plain(name)}: {key}")
    settings.say("the key is not kept and cannot be shown again; the other keys of the user stay")
    return 0


@command.command("list")
@format_option(("text", "json"))
@db_option
@pass_settings
def list_users(settings: Settings, format_: str, db: Path | None) -> int:
    """Users, their organizations and their teams. Keys are not kept, so none is told."""
    from regsync.local.store import accounts
    from regsync.local.store.database import open_store
    from regsync.looks.escape import plain

    store = open_store(registry_file(settings, db), read_only=True)
    with store.read() as tx:
        found = [
            (user.name, accounts.organizations_of(tx, user), [team.name for team in accounts.teams_of_user(tx, user)])
            for user in accounts.users(tx)
        ]
    store.close()
    if format_ == "json":
        users = [
            {"name": name, "organizations": {org: str(role) for org, role in roles}, "teams": teams}
            for name, roles, teams in found
        ]
        write_data(json.dumps({"users": users}, ensure_ascii=False, indent=2))
        return 0
    for name, roles, teams in found:
        places = ", ".join(f"{role} of {org}" for org, role in roles) or "of no organization yet"
        inside = f"; {'team' if len(teams) == 1 else 'teams'} {', '.join(teams)}" if teams else ""
        click.echo(plain(f"{name}: {places}{inside}"))
    if not found:
        settings.say("there are no users; `regsync local user add NAME` makes one")
    return 0


def _given(api_key: str | None, file: Path | None) -> str | None:
    """The key, from wherever it was given. Raises `RegsyncError`."""
    if file is not None and api_key is not None:
        raise RegsyncError("the key is given twice: by --api-key and by --api-key-file", "leave one of them out")
    if file is not None:
        try:
            text = file.read_bytes()
        except OSError as error:
            raise RegsyncError(f"cannot read {file}: {error.strerror or error}", code="unreadable") from error
        where = str(file)
    elif api_key == "-":
        text, where = sys.stdin.buffer.read(), "standard input"
    else:
        return api_key
    key = text.decode(errors="replace").strip()
    if not key:
        raise RegsyncError(f"{where} holds no key", "write the key into it, and nothing else")
    return key
