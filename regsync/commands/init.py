"""`regsync init`: a repository to start from."""

from __future__ import annotations

import os
from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.output import write_data

CI = ["github", "gitlab", "none"]


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--from-live", is_flag=True, help="Start from what is live: put the import there.")
@click.option("--ci", type=click.Choice(CI), default="github", show_default=True, help="The CI to write workflows for.")
@pass_settings
def command(settings: Settings, folder: Path, from_live: bool, ci: str) -> None:
    """Make a repository to start from, in DIR (default: the current folder).

    A manifest, its schema for editors, CI workflows, editor and pre-commit settings, and a .gitignore. A file that is
    there already is left as it is. With --from-live the manifests are those of `regsync import`.
    """
    from regsync.manifest.editing.rewrite import create
    from regsync.starter.files import MANIFESTS, PLACEHOLDERS, Ci, starter_files

    manifests = _live(settings) if from_live else None
    files = starter_files(Ci(ci), manifests, settings.organization)
    kept = [name for name in files if os.path.lexists(folder / name)]
    new = {folder / name: text for name, text in files.items() if name not in kept}
    if not new:
        settings.say("nothing to do: every file is there already")
        return
    create(new)
    for path in new:
        write_data(str(path))
    for name in kept:
        more = "; see that .regsync/ is in it" if name == ".gitignore" else ""
        settings.say(f"left alone, because it is there already: {folder / name}{more}")
    repository, commit = PLACEHOLDERS.get(Ci(ci), ("", ""))
    if repository and any(repository in text for text in new.values()):
        settings.say(
            f"in the workflows, replace {repository} with the repository of regsync that you use, and {commit} with the full hash"
            " of a commit of it; then set the secrets that they name"
        )
    settings.say(_next(folder / MANIFESTS, from_live=from_live))


def _live(settings: Settings) -> dict[str, str]:
    from regsync.manifest.writing.from_live import Content, a_file_a_registry
    from regsync.planning.live import read_live
    from regsync.views.diagnostics import render_diagnostics

    with settings.reader() as reader:
        organization = reader.destination().organization
        live, wanted = read_live(reader, [], members=True)
    imported = a_file_a_registry(live, wanted, organization, Content())
    if imported.warnings:
        settings.say(render_diagnostics(imported.warnings, color=settings.use_color(err=True)))
    return imported.files


def _next(manifests: Path, *, from_live: bool) -> str:
    steps = [(f"regsync validate {manifests}", "offline, in a second")]
    if from_live:
        steps += [
            (f"regsync plan {manifests}", "nothing would change: it is what is live"),
            (f"regsync promote REGISTRY/COLLECTION --from ALIAS --to ALIAS {manifests}", "then plan again"),
        ]
    else:
        steps += [
            ("regsync local init --org acme", "an empty registry in a file, to try things on"),
            (f"regsync plan {manifests}", "what would be made"),
            (f"regsync apply {manifests}", "asks, then makes it"),
            ("regsync --backend wandb doctor", "with WANDB_API_KEY: what works with your account"),
        ]
    width = max(len(step) for step, _ in steps)
    return "\n".join(["", "Next:", *(f"  {step:{width}}   {why}" for step, why in steps)])
