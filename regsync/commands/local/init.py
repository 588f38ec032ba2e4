"""`regsync local init`: a registry file with an organization in it."""

from __future__ import annotations

from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.registry_file import db_option, registry_file


@click.command("init")
@click.option("--org", required=True, metavar="ORG", help="The organization's display name.")
@db_option
@pass_settings
def command(settings: Settings, org: str, db: Path | None) -> int:
    """Make a registry file with an organization. A file that is there already is left as it is."""
    from regsync.local.store import accounts
    from regsync.local.store.database import create_store
    from regsync.local.store.errors import Conflict
    from regsync.looks.escape import plain

    accounts.check_name("organization", org)
    path = registry_file(settings, db)
    store, _ = create_store(path)
    with store.write() as tx:
        known = accounts.organizations(tx)
        made = not known
        if known and org not in [each.name for each in known]:
            names = ", ".join(each.name for each in known)
            raise Conflict(
                f"{path}: already a registry, of organization {names}",
                hint=f"use another --db, or add the organization: regsync local org add {org!r}",
            )
        organization = accounts.add_organization(tx, org) if made else accounts.organization(tx, org)
    store.close()
    state = "made" if made else "already there, left as it is:"
    click.echo(f"{state} {plain(str(path))}: organization {plain(org)}, entity {plain(organization.entity)}")
    return 0
