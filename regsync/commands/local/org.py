"""`regsync local org`: organizations and who is in them."""

from __future__ import annotations

from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.registry_file import db_option, members, registry_file


@click.group("org")
def command() -> None:
    """Organizations and who is in them."""


@command.command("add")
@click.argument("name")
@click.option(
    "--member",
    "roles",
    metavar="USER:ROLE",
    multiple=True,
    callback=members,
    help="Put a user in, or change their role: admin, member or viewer. Repeatable.",
)
@db_option
@pass_settings
def add(settings: Settings, name: str, roles: dict[str, str], db: Path | None) -> int:
    """Add an organization NAME, or members to one that is there."""
    from regsync.local.store import accounts
    from regsync.local.store.database import open_store
    from regsync.looks.escape import plain
    from regsync.names import Role

    store = open_store(registry_file(settings, db))
    with store.write() as tx:
        known = {each.name: each for each in accounts.organizations(tx)}
        organization = known.get(name) or accounts.add_organization(tx, name)
        for user, role in roles.items():
            accounts.set_organization_member(tx, organization, accounts.user(tx, user), Role(role))
        inside = accounts.organization_members(tx, organization)
    store.close()
    state = "already there:" if name in known else "added"
    click.echo(f"{state} organization {plain(name)}, entity {plain(organization.entity)}")
    for member, held in inside:
        click.echo(f"  {plain(member.name)}: {held}")
    return 0
