"""Options that several commands share. Importing this loads click and nothing else of weight."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from regsync.console import completing
from regsync.slots import dataclass

if TYPE_CHECKING:
    from regsync.diagnostics import Diagnostic
    from regsync.manifest.reading.load import Loaded

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ManifestArguments:
    """What the command line says about manifests: `PATH…` (the current folder where there is none), `--overlay`, `--var` and
    `--var-file`."""

    paths: tuple[Path, ...]
    overlays: tuple[Path, ...]
    variables: dict[str, str]
    variable_files: tuple[Path, ...]

    def load(self, organization: str | None = None) -> Loaded:
        """Read, check and compose the manifests. Raises `DiagnosticsError` with every error that was found."""
        from regsync.manifest.reading.load import load

        loaded = load(
            self.paths or (Path(),),
            overlays=self.overlays,
            variables=self.variables,
            variable_files=self.variable_files,
            organization=organization,
        )
        say_passed_over(loaded.passed_over)
        return loaded


def say_passed_over(names: Sequence[str]) -> None:
    """Name, on stderr, the YAML files of a folder that are no manifests."""
    from regsync.console.context import Settings
    from regsync.diagnostics import some

    context = click.get_current_context(silent=True)
    if names and context is not None and isinstance(context.obj, Settings):
        shown = ", ".join(names) if context.obj.verbose else some(names)
        context.obj.say_plainly(f"passed over: {shown} (no manifest: no `apiVersion: regsync/v1`)")


def say_not_read(findings: Iterable[Diagnostic]) -> None:
    """Of what was found in manifests, name on stderr those of a folder that are not read: for commands that show no warnings."""
    from regsync.console.context import Settings
    from regsync.views.diagnostics import render_diagnostics

    context = click.get_current_context(silent=True)
    not_read = [each for each in findings if each.code == "passed-over"]
    if not_read and context is not None and isinstance(context.obj, Settings):
        context.obj.say(render_diagnostics(not_read, color=context.obj.use_color(err=True)))


Command = TypeVar("Command", bound=Callable[..., object])


def format_option(formats: Sequence[str], help: str = "How to show it.") -> Callable[[Command], Command]:
    """Add `--format`, which arrives as `format_`. The first of the formats is the default."""
    return click.option(
        "--format", "format_", type=click.Choice(formats), default=formats[0], show_default=True, help=help
    )


def _variables(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    result: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{value!r} is not of the form NAME=VALUE", context, parameter)
        result[name] = text
    return result


def manifest_arguments(
    *, required: bool = True, metavar: str | None = None
) -> Callable[[Callable[P, R]], Callable[..., R]]:
    """Give a command `PATH…` and the options that go with it; the function gets them as `manifests: ManifestArguments`."""

    def decorate(function: Callable[P, R]) -> Callable[..., R]:
        @click.argument(
            "paths",
            metavar=metavar or ("PATH..." if required else "[PATH...]"),
            nargs=-1,
            required=required,
            type=click.Path(path_type=Path),
            shell_complete=completing.addresses_or_files if metavar and "ADDR" in metavar else None,
        )
        @click.option(
            "--var",
            "variables",
            metavar="NAME=VALUE",
            multiple=True,
            callback=_variables,
            help="Set a variable; stronger than --var-file and the manifests. Repeatable.",
        )
        @click.option(
            "--var-file",
            "variable_files",
            metavar="FILE",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Read variables from a YAML or JSON file that maps names to texts. Repeatable; later files win.",
        )
        @click.option(
            "--overlay",
            "overlays",
            metavar="FILE",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Lay this manifest over the others: maps merge, sets add up, other values replace what was there. Repeatable, in order.",
        )
        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            kwargs["manifests"] = ManifestArguments(
                paths=kwargs.pop("paths"),  # type: ignore[arg-type]
                overlays=kwargs.pop("overlays"),  # type: ignore[arg-type]
                variables=kwargs.pop("variables"),  # type: ignore[arg-type]
                variable_files=kwargs.pop("variable_files"),  # type: ignore[arg-type]
            )
            return function(*args, **kwargs)

        return wrapper

    return decorate
