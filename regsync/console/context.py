"""What every command has at hand: the global options, the backend they name, and how errors are shown."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from regsync.console.display import wiped
from regsync.slots import dataclass

if TYPE_CHECKING:
    from regsync.backends.base import Reader, Writer


@dataclass(frozen=True, slots=True)
class Settings:
    """The global options."""

    backend: str
    organization: str | None
    color: str
    verbose: int
    quiet: bool

    def use_color(self, *, err: bool = False) -> bool:
        """Whether to colour what goes to stdout (or stderr). Sources: --color, then NO_COLOR, then whether it is a terminal."""
        if self.color != "auto":
            return self.color == "always"
        stream = sys.stderr if err else sys.stdout
        allowed = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return allowed and stream is not None and stream.isatty()

    def say(self, message: str) -> None:
        """A line for whoever is watching, on stderr; nothing with --quiet."""
        if not self.quiet:
            with wiped():
                click.echo(message, err=True)

    def say_more(self, message: str) -> None:
        """A line that only --verbose shows."""
        if self.verbose:
            self.say(message)

    def reader(self, organization: str | None = None) -> Reader:
        """The backend, for reading only: it has no way to write. `organization` is the manifests', used without --organization."""
        from regsync.backends import open_reader

        self._check_file()
        return open_reader(self.backend, self.organization or organization, self.say_plainly)

    def writer(self, organization: str | None = None) -> Writer:
        """The backend, for reading and writing."""
        from regsync.backends import open_writer

        self._check_file()
        return open_writer(self.backend, self.organization or organization, self.say_plainly)

    def _check_file(self) -> None:
        """Say which registry file is used; and where there is none beside a key of W&B, that another backend was probably meant."""
        from regsync.backends import local_file
        from regsync.diagnostics import RegsyncError

        file = local_file(self.backend)
        if file is None:
            return
        if self.backend == "local" and not file.exists() and os.environ.get("WANDB_API_KEY"):
            raise RegsyncError(
                f"{file}: no such registry file",
                "WANDB_API_KEY is set: did you mean --backend wandb (or REGSYNC_BACKEND=wandb)? A registry file to try things "
                "with is made by: regsync local init --org NAME, or regsync local seed FILE",
                code="no-registry-file",
            )
        self.say_more(f"the registry is the file {file}, and its owner acts")

    def say_plainly(self, message: str) -> None:
        """A line that may repeat what a server has said."""
        from regsync.looks.escape import plain

        self.say(plain(message))


pass_settings = click.make_pass_decorator(Settings)

_KEPT: list[object] = []


def keep(*things: object) -> None:
    """Hold what is large until the process ends, or another command does this: the system takes all back at once, and to take
    apart what a plan was made of takes a fortieth of the command."""
    _KEPT[:] = things


def shown_error(error: Exception) -> int:
    """Show an error on stderr and return the exit code that it stands for."""
    from regsync.diagnostics import DiagnosticsError, RegsyncError
    from regsync.looks.escape import plain

    context = click.get_current_context(silent=True)
    settings = context.obj if context else None
    if isinstance(error, DiagnosticsError):
        from regsync.views.diagnostics import render_diagnostics

        color = settings.use_color(err=True) if isinstance(settings, Settings) else False
        click.echo(render_diagnostics(error.diagnostics, color=color), err=True)
        return error.exit_code
    if isinstance(error, RegsyncError):
        _show(plain(error.message, keep_lines=True), plain(error.hint) if error.hint else None)
        return error.exit_code
    if _is_registry_error(error):
        hint = getattr(error, "hint", None)
        _show(plain(str(error), keep_lines=True), plain(hint) if hint else None)
        return 1
    if isinstance(error, OSError) and error.filename:
        _show(f"{plain(str(error.filename))}: {error.strerror or error}", None)
        return 1
    import traceback  # A defect is rare, and this takes a millisecond to load.

    lines: list[Any] = traceback.format_exception_only(error)
    _show(
        f"regsync met something that it does not expect: {plain(lines[-1].strip())}",
        "this is a defect of regsync; set REGSYNC_TRACEBACK=1 to see where, and report it",
    )
    if os.environ.get("REGSYNC_TRACEBACK"):
        traceback.print_exception(error)
    return 1


def _is_registry_error(error: Exception) -> bool:
    from regsync.local.store.errors import RegistryError

    return isinstance(error, RegistryError)


def _show(message: str, hint: str | None) -> None:
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"    hint: {hint}", err=True)
