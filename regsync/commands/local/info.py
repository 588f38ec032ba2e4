"""`regsync local info`: what is in a registry file."""

from __future__ import annotations

from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.registry_file import db_option, registry_file
from regsync.diagnostics import counted


@click.command("info")
@db_option
@pass_settings
def command(settings: Settings, db: Path | None) -> int:
    """What is in a registry file: organizations, people, artifacts, registries. Never writes."""
    from regsync.local.store import accounts, events, registries
    from regsync.local.store.database import open_store
    from regsync.looks.escape import plain

    path = registry_file(settings, db)
    store = open_store(path, read_only=True)
    lines = [f"{plain(str(path))}"]
    with store.read() as tx:
        instance = tx.one("SELECT uuid, created_at FROM instance")
        if instance:
            lines.append(f"  instance {instance['uuid']}, made {instance['created_at']}")
        for organization in accounts.organizations(tx):
            people = ", ".join(
                f"{user.name} ({role})" for user, role in accounts.organization_members(tx, organization)
            )
            lines.append(f"organization {plain(organization.name)}, entity {plain(organization.entity)}")
            lines.append(f"  users: {plain(people) or 'none'}")
            for team in accounts.teams(tx, organization):
                inside = ", ".join(user.name for user, _ in accounts.team_members(tx, team))
                lines.append(f"  team {plain(team.name)}: {plain(inside) or 'nobody in it'}")
            for registry in registries.visible(tx, organization):
                counts = tx.one(
                    """SELECT (SELECT count(*) FROM collections WHERE project_id = ?1) AS collections,
                         (SELECT count(*) FROM memberships m JOIN collections c ON c.id = m.collection_id WHERE project_id = ?1) AS links,
                         (SELECT count(*) FROM aliases a JOIN collections c ON c.id = a.collection_id
                          WHERE project_id = ?1 AND a.name <> 'latest') AS aliases""",
                    registry.id,
                )
                if counts:
                    held = counted(counts["collections"], "collection"), counted(counts["links"], "link")
                    aliases = counted(counts["aliases"], "alias", "aliases")
                    lines.append(
                        f"  registry {plain(registry.name)} ({registry.visibility}): {', '.join((*held, aliases))}"
                    )
        artifacts = tx.value("SELECT count(*) FROM collections WHERE kind = 'sequence'")
        versions = tx.value("SELECT count(*) FROM artifacts WHERE state = 'COMMITTED'")
        lines.append(f"{counted(int(artifacts), 'artifact')}, {counted(int(versions), 'version')}")
        lines.append(f"{counted(events.last(tx), 'event')} in the history")
    store.close()
    click.echo("\n".join(lines))
    return 0
