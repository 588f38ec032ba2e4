"""`regsync local seed`: fill a registry file from a seed file."""

from __future__ import annotations

from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.registry_file import db_option, registry_file
from regsync.stages import stage


@click.command("seed")
@click.argument("file", type=click.Path(path_type=Path))
@db_option
@pass_settings
def command(settings: Settings, file: Path, db: Path | None) -> int:
    """Fill a registry file from a seed FILE; the registry file is made where it is missing.

    A seed only adds: what is there already stays as it is, so seeding twice is the same as once.
    """
    from regsync.local.seed.planting import plant
    from regsync.local.seed.reader import read_seed
    from regsync.local.store.database import create_store
    from regsync.looks.escape import plain

    seed = read_seed(file)
    path = registry_file(settings, db)
    store, _ = create_store(path)
    with stage("seeding"):
        report = plant(store, seed)
    store.close()
    for note in report.notes:
        settings.say(f"note: {plain(note)}")
    click.echo(f"{plain(str(path))}: {report.summary()}")
    for name, key in report.keys.items():
        click.echo(f"API key of {plain(name)}: {key}")
    return 0
