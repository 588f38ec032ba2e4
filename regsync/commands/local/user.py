"""`regsync local user`: users and their API keys."""

from __future__ import annotations

from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.registry_file import db_option, registry_file, the_organization


@click.group("user")
def command() -> None:
    """Users and their API keys."""


@command.command("add")
@click.argument("name")
@click.option("--api-key", metavar="KEY", help="At least 40 characters; made up and shown where it is left out.")
@click.option("--admin", is_flag=True, help="An admin of the organization instead of a member.")
@click.option("--org", metavar="ORG", help="The organization to join, where there are several.")
@db_option
@pass_settings
def add(settings: Settings, name: str, api_key: str | None, admin: bool, org: str | None, db: Path | None) -> int:
    """Add a user NAME to the organization."""
    from regsync.local.store import accounts
    from regsync.local.store.database import open_store
    from regsync.names import Role
    from regsync.views.escape import plain

    role = Role.ADMIN if admin else Role.MEMBER
    store = open_store(registry_file(settings, db))
    with store.write() as tx:
        organization = the_organization(tx, org)
        user, key = accounts.add_user(tx, name, api_key)
        accounts.set_organization_member(tx, organization, user, role)
    store.close()
    click.echo(f"added user {plain(name)}: {role} of {plain(organization.name)}")
    objection = accounts.client_objection(key)
    if objection is not None:
        settings.say(f"warning: {objection}")
    if api_key is None:
        click.echo(f"API key of {plain(name)}: {key}")
        settings.say("the key is not kept and cannot be shown again")
    return 0
