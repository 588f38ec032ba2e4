"""`regsync fmt`: manifests in their canonical layout."""

from __future__ import annotations

import difflib

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.options import ManifestArguments, manifest_arguments
from regsync.console.output import write_data
from regsync.stages import one_by_one

USED_UP = ("unused-consent", "unused-previously")
MOST_ROUNDS = 20


@click.command("fmt")
@manifest_arguments()
@click.option("--check", is_flag=True, help="Write nothing; show what would change, and exit 1 if anything would.")
@click.option(
    "--prune",
    is_flag=True,
    help="Take out consents that nothing needs, and `previously` of renamings that are done. Reads what is live at --backend.",
)
@pass_settings
def command(settings: Settings, manifests: ManifestArguments, check: bool, prune: bool) -> int:
    """Lay out manifests as a careful person would type them.

    Two spaces of indentation, the key order of the schema, no trailing spaces, a line break at the end. Comments,
    quotes, the order of names and of lists, and the kind of line break stay as they are; what a file declares never
    changes. Other YAML files, and files that are not YAML, are left alone.

    With --prune, what a plan warns of as `unused-consent` and `unused-previously` goes as well. That depends on the
    registry that --backend names: prune against the last environment that gets a change. Variables and overlays are given
    as for plan, and overlays are laid out too.
    """
    from dataclasses import replace

    from regsync.diagnostics import DiagnosticsError
    from regsync.manifest.editing.layout import formatted, is_manifest
    from regsync.manifest.editing.rewrite import rewrite
    from regsync.manifest.reading.files import find_sources
    from regsync.views.diagnostics import render_diagnostics

    if not prune and (manifests.overlays or manifests.variables or manifests.variable_files):
        raise click.UsageError(
            "--overlay, --var and --var-file go with --prune; name an overlay as a PATH to lay it out"
        )
    sources, problems = find_sources((*manifests.paths, *manifests.overlays))
    texts = _pruned(settings, manifests) if prune else {}
    if prune:  # The others have been told.
        problems = [each for each in problems if each.is_error]
    changed: dict[str, tuple[str, str]] = {}
    for source in one_by_one("laying out", "kB", sources, lambda source: len(source.data) // 1000):
        new = texts.get(source.name, source.data.decode())
        try:
            text = formatted(replace(source, data=new.encode())) if is_manifest(source) else None
        except DiagnosticsError as error:
            problems += error.diagnostics
            text = new
        if text is None:
            settings.say(f"{source.name} is left alone: it is not a manifest")
            continue
        if text.encode() == source.data:
            continue
        changed[source.name] = (source.sha256, text)
        if check:
            write_data(_diff(source.name, source.data.decode(), text), nl=False)
            settings.say(f"{source.name} would change")
        else:
            rewrite({source.name: changed[source.name]})
            write_data(source.name)
    if problems:
        click.echo(render_diagnostics(problems, color=settings.use_color(err=True)), err=True)
    settings.say(f"{len(sources)} read, {len(changed)} {'would change' if check else 'changed'}")
    return 1 if any(each.is_error for each in problems) or (check and changed) else 0


def _pruned(settings: Settings, arguments: ManifestArguments) -> dict[str, str]:
    """The texts of the files without what is used up, by name. Raises `DiagnosticsError`, `BackendError`, `RegsyncError`."""
    from regsync.console.editing import read_manifests
    from regsync.manifest.editing.prune import check_pruned, pruned
    from regsync.planning.making import plan_manifests

    manifests = read_manifests(arguments, settings)
    loaded = before = manifests.load()
    texts: dict[str, str] = {}
    with settings.reader(loaded.desired.organization) as reader:
        for _ in range(
            MOST_ROUNDS
        ):  # What two files say alike is named once, and in the second file when the first is done.
            warnings = plan_manifests(loaded, reader).plan.warnings
            used_up = [each.position for each in warnings if each.code in USED_UP and each.position is not None]
            if not used_up:
                break
            for name in sorted({position.file for position in used_up}):
                texts[name] = pruned(manifests.find(name), used_up)
            manifests = manifests.with_texts(texts)
            loaded = manifests.load()
            check_pruned(before.desired, loaded.desired)
    return texts


def _diff(name: str, before: str, after: str) -> str:
    """A unified diff; a line that the terminal would obey is shown harmless."""
    from regsync.looks.escape import plain

    old, new = before.splitlines(), after.splitlines()
    path = name.removeprefix("/")
    lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
    return "".join(f"{plain(line)}\n" for line in lines)
