"""What `promote` and `set` share: reading the manifests that are edited, and telling what was touched."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from regsync.console.context import Settings
from regsync.console.options import ManifestArguments, say_not_read, say_passed_over
from regsync.diagnostics import RegsyncError

if TYPE_CHECKING:
    from regsync.core.plan import Plan
    from regsync.manifest.editing.edit import Edit, Manifests
    from regsync.manifest.reading.load import Loaded
    from regsync.names import Address

P = ParamSpec("P")
R = TypeVar("R")


def read_manifests(arguments: ManifestArguments, settings: Settings) -> Manifests:
    """The manifests at PATH…, by default in the current folder. Raises `DiagnosticsError` for files that cannot be read."""
    from regsync.diagnostics import DiagnosticsError
    from regsync.manifest.editing.edit import Manifests
    from regsync.manifest.reading.files import find_all
    from regsync.manifest.reading.load import read_sources

    sources, problems, others = find_all(arguments.paths or (Path(),))
    say_passed_over(others)
    overlays = read_sources(arguments.overlays, problems)
    variable_files = read_sources(arguments.variable_files, problems)
    if any(problem.is_error for problem in problems):
        raise DiagnosticsError(problems)
    say_not_read(problems)
    return Manifests(tuple(sources), tuple(overlays), arguments.variables, tuple(variable_files), settings.organization)


def finish(edit: Edit, settings: Settings, already: str) -> None:
    """Write an edit and show the touched lines; `already` is said where there is nothing to do."""
    from regsync.looks.escape import plain
    from regsync.views.diagnostics import render_diagnostics

    warnings = render_diagnostics(edit.loaded.warnings, color=settings.use_color(err=True))
    if not edit.touched:
        click.echo(already)
        return
    edit.write()
    if warnings:
        settings.say(warnings)
    for touched in edit.touched:
        click.echo(plain(f"{touched.file}:{touched.line}"))
        for sign, lines in (("-", touched.before), ("+", touched.after)):
            for line in lines:
                click.echo(plain(f"{sign}{line}"))
    settings.say("review it with git diff; then `regsync plan`")


def prove_same(before: Plan, after: Plan) -> None:
    """Manifests that were added to ask for what they asked for before, and nothing else. Raises `RegsyncError`."""
    from regsync.diagnostics import RegsyncError

    def asked(plan: Plan) -> set[tuple[str, str, str]]:
        return {(str(op.action.address), op.action.kind, repr(op.action.after)) for op in plan.operations}

    for address, kind, _ in sorted(asked(before) ^ asked(after)):
        raise RegsyncError(
            f"{address}: after the edit, the plan would differ in {kind}; nothing was written",
            "bring the manifests and live together first (`regsync apply` or `regsync accept`), or edit by hand",
            code="cannot-edit",
        )


def yes_option(function: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--yes`; the function gets it as `yes: bool`."""
    return click.option("--yes", is_flag=True, help="Make an alias of a new name without asking.")(function)


def check_new_alias(loaded: Loaded, address: Address, *, yes: bool, only_typing_errors: bool = False) -> None:
    """Ask before an alias gets a name that none of these manifests has. `only_typing_errors`: only where one is much like it.

    Raises `RegsyncError` where the answer is no, or where there is nobody to ask.
    """
    known = {alias for registry in loaded.desired.registries.values() for alias in registry.protected_aliases or ()}
    for registry in loaded.desired.registries.values():
        for collection in (registry.collections or {}).values():
            known |= set(collection.aliases or {})
    alias = str(address.alias)
    close = difflib.get_close_matches(alias, sorted(known), n=1, cutoff=0.7)
    if yes or alias in known or not known or (only_typing_errors and not close):
        return
    meant = f"did you mean {close[0]!r}? " if close else ""
    if (
        sys.stdin is not None
        and sys.stdin.isatty()
        and click.confirm(f"{meant}No alias here is called {alias!r}. Make it?", default=False, err=True)
    ):
        return
    hint = f"{meant}Add --yes to make an alias of this name"
    raise RegsyncError(f"no alias in these manifests is called {alias!r}; nothing was changed", hint, code="new-alias")
