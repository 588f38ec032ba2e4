"""`regsync fmt`: manifests in their canonical layout."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.output import write_data


@click.command("fmt")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; show what would change, and exit 1 if anything would.")
@pass_settings
def command(settings: Settings, paths: tuple[Path, ...], check: bool) -> int:
    """Lay out manifests as a careful person would type them.

    Two spaces of indentation, the key order of the schema, no trailing spaces, a line break at the end. Comments,
    quotes, the order of names and of lists, and the kind of line break stay as they are; what a file declares never
    changes. Other YAML files, and files that are not YAML, are left alone.
    """
    from regsync.diagnostics import DiagnosticsError
    from regsync.manifest.editing.layout import formatted, is_manifest
    from regsync.manifest.editing.rewrite import rewrite
    from regsync.manifest.reading.files import find_sources
    from regsync.views.diagnostics import render_diagnostics

    sources, problems = find_sources(paths)
    changed = 0
    for source in sources:
        try:
            text = formatted(source) if is_manifest(source) else None
        except DiagnosticsError as error:
            problems += error.diagnostics
            continue
        if text is None:
            settings.say(f"{source.name} is left alone: it is not a manifest")
            continue
        if text.encode() == source.data:
            continue
        changed += 1
        if check:
            write_data(_diff(source.name, source.data.decode(), text), nl=False)
            settings.say(f"{source.name} would change")
        else:
            rewrite({source.name: (source.sha256, text)})
            write_data(source.name)
    if problems:
        click.echo(render_diagnostics(problems, color=settings.use_color(err=True)), err=True)
    settings.say(f"{len(sources)} read, {changed} {'would change' if check else 'changed'}")
    return 1 if any(each.is_error for each in problems) or (check and changed) else 0


def _diff(name: str, before: str, after: str) -> str:
    """A unified diff; a line that the terminal would obey is shown harmless."""
    from regsync.views.escape import plain

    old, new = before.splitlines(), after.splitlines()
    path = name.removeprefix("/")
    lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
    return "".join(f"{plain(line)}\n" for line in lines)
