"""`regsync local team`: teams and who is in them."""

from __future__ import annotations

from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.registry_file import db_option, registry_file, the_organization


@click.group("team")
def command() -> None:
    """Teams and who is in them."""


@command.command("add")
@click.argument("name")
@click.option("--org", metavar="ORG", help="The organization that the team belongs to, where there are several.")
@click.option("--member", "users", metavar="USER", multiple=True, help="Put a user of the organization in. Repeatable.")
@db_option
@pass_settings
def add(settings: Settings, name: str, org: str | None, users: tuple[str, ...], db: Path | None) -> int:
    """Add a team NAME, or members to one that is there."""
    from regsync.local.store import accounts
    from regsync.local.store.database import open_store
    from regsync.looks.escape import plain

    store = open_store(registry_file(settings, db))
    with store.write() as tx:
        organization = the_organization(tx, org)
        known = {team.name: team for team in accounts.teams(tx, organization)}
        team = known.get(name) or accounts.add_team(tx, organization, name)
        inside = {member.name for member, _ in accounts.team_members(tx, team)}
        for user in users:
            if user not in inside:
                accounts.set_team_member(tx, team, accounts.user(tx, user))
        everyone = [member.name for member, _ in accounts.team_members(tx, team)]
    store.close()
    state = "already there:" if name in known else "added"
    click.echo(
        f"{state} team {plain(name)} of {plain(organization.name)}: {plain(', '.join(everyone) or 'nobody in it')}"
    )
    return 0
