"""`regsync local artifact`: log artifact versions without a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.output import write_data
from regsync.console.registry_file import db_option, registry_file

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.group("artifact")
def command() -> None:
    """Log artifact versions."""


def _metadata(context: click.Context, parameter: click.Parameter, text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}", context, parameter) from None
    if not isinstance(value, dict):
        raise click.BadParameter('metadata is a JSON object: {"rows": 10000}', context, parameter)
    return value


def _files(paths: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
    """Each file with its path in the artifact: its name, or (in a folder that was given) its path in the folder."""
    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.is_file():
                    yield file.relative_to(path).as_posix(), file
        else:
            yield path.name, path


@command.command("log")
@click.argument("path", metavar="ENTITY/PROJECT/NAME")
@click.option("--type", "type_", required=True, metavar="TYPE", help="The artifact's type; it never changes.")
@click.option(
    "--file",
    "paths",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="A file, or a folder with all its files. Repeatable.",
)
@click.option("--metadata", metavar="JSON", callback=_metadata, help="A JSON object.")
@click.option("--alias", "names", metavar="A", multiple=True, help="An alias of the source. Repeatable.")
@db_option
@pass_settings
def log(
    settings: Settings,
    path: str,
    type_: str,
    paths: tuple[Path, ...],
    metadata: dict[str, Any],
    names: tuple[str, ...],
    db: Path | None,
) -> int:
    """Log a version of an artifact and print its full name.

    Logging the same files again makes no new version.
    """
    from regsync.local.store import contents, projects, sequences
    from regsync.local.store.database import open_store
    from regsync.looks.escape import plain

    parts = path.split("/")
    if len(parts) != 3 or not all(parts):
        raise click.UsageError(f"{path!r} is not the name of an artifact: write entity/project/name")
    store = open_store(registry_file(settings, db))
    staged: dict[str, contents.Staged] = {}
    for name, file in _files(paths):
        if name in staged:
            raise click.UsageError(f"two files would be {name!r} in the artifact; give their folder instead")
        staged[name] = contents.stage_file(store, file)
    with store.write() as tx:
        project = projects.ensure(tx, parts[0], parts[1])
        version, made = sequences.log(tx, project, parts[2], type_, files=staged, metadata=metadata, names=names)
    store.close()
    write_data(plain(str(version)))
    settings.say(f"digest {version.digest}, {version.file_count} files, {version.size} bytes")
    if not made:
        settings.say("the same files as before: no new version was made")
    return 0
