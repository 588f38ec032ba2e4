"""The command line. One small file a command: parse, call the library, hand the result to a view.

This module loads click and nothing else of weight, so that `--version`, `--help` and completion are quick; a command's
own module is imported when it runs.
"""

from __future__ import annotations

import atexit
import codecs
import errno
import gc
import importlib
import io
import keyword
import os
import re
import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from regsync.console.context import Settings, shown_error
from regsync.console.examples import epilog
from regsync.console.runner import guard_output
from regsync.version import __version__

if TYPE_CHECKING:
    from types import FrameType

GROUPS = {
    "Start": {
        "init": "A repository to start from",
        "import": "Write manifests from what is live",
        "local": "The embedded registry",
    },
    "Manifests": {
        "validate": "Check manifests offline",
        "render": "Show manifests after variables, defaults and overlays",
        "fmt": "Lay out manifests as a careful person would type them",
        "promote": "Give one alias the version of another, in the manifest",
        "set": "Bind an alias, in the manifest",
        "accept": "Keep what is live, in the manifest",
    },
    "Plan and apply": {
        "plan": "Show what would change; never writes",
        "show": "Show a saved plan or a receipt",
        "apply": "Carry out a saved plan, or plan and carry out manifests",
        "receipts": "List what was applied from here",
        "undo": "Plan the way back from a receipt",
    },
    "Look": {
        "drift": "Tell where live differs from the manifests",
        "history": "Tell who moved what, when, by which plan or commit",
        "unmanaged": "List what is live and declared nowhere",
        "why": "Explain one address: manifest line, live value, rule",
        "graph": "Show the operations of a plan as a graph",
    },
    "Reviews": {
        "comment": "Show a plan in its pull request, in one comment kept up to date",
        "reviewed": "Fetch the plan that was reviewed, after the merge",
    },
    "Help": {
        "help": "Show the help of a command",
        "doctor": "Check the connection, the key and the roles",
        "schema": "Print a JSON schema",
        "completion": "Print the completion script for a shell",
    },
}
"""Every command with its short help, as the help page groups and orders them; `docs/cli.md` is checked against them."""

COMMANDS = {name: short for group in GROUPS.values() for name, short in group.items()}
"""Every command with its short help."""


_DISK_IS_FULL = {getattr(errno, name, None) for name in ("ENOSPC", "EIO", "EDQUOT", "EFBIG")}
_OWN_SIGNS = {"→": "->", "🔒": "(protected)", "…": "..."}
"""What regsync itself writes, for terminals that lack it."""
_WRITTEN_OUT = "regsync.written-out"
GLOBAL_OPTIONS = ("--backend", "--organization", "--color", "-v", "--verbose", "-q", "--quiet", "--version")


class LazyGroup(click.Group):
    """A group whose commands are modules of `regsync.commands`, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        module = importlib.import_module(f"regsync.commands.{name}")
        command: click.Command = module.command
        command.epilog = epilog(cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from regsync.diagnostics import did_you_mean

            hint = did_you_mean(args[0], COMMANDS) or "see regsync --help"
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{width}}", short) for name, short in commands.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--backend",
    metavar="SPEC",
    envvar="REGSYNC_BACKEND",
    default="local",
    show_default=True,
    help="local[:FILE], the embedded registry; or wandb[:URL], a W&B server. Also REGSYNC_BACKEND.",
    shell_complete=lambda context, parameter, begun: [each for each in ("local", "wandb") if each.startswith(begun)],
)
@click.option(
    "--organization",
    metavar="NAME",
    envvar="REGSYNC_ORGANIZATION",
    help="The organization's display name; overrides the manifests. Also REGSYNC_ORGANIZATION.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour in what is shown. NO_COLOR turns it off as well.",
)
@click.option("-v", "--verbose", count=True, help="Say more on stderr; twice for every request.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
@click.version_option(__version__, prog_name="regsync", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, backend: str, organization: str | None, color: str, verbose: int, quiet: bool) -> None:
    """Plan and apply for the W&B Registry.

    YAML manifests in Git declare registries, protected aliases, and which artifact version every alias points at.
    regsync shows what it would change, and then does exactly that.
    """
    try:
        os.getcwd()  # noqa: PTH109 - the question is whether there is one
    except FileNotFoundError:
        raise click.ClickException("the folder that this was started in is gone; change to one that is there") from None
    ctx.obj = Settings(backend, organization or None, color, verbose, quiet)
    # Settings.use_color decides; left to itself, click takes colour out again of all that goes to a pipe.
    ctx.color = True
    from regsync.console.progress import progress_shown

    ctx.with_resource(progress_shown(ctx.obj))
    if verbose > 1 and not quiet:
        from regsync.console.requests import show_requests

        show_requests()


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit. Every error that a user can cause ends in a message, never in a traceback."""
    code = run(args)
    if not sys.flags.inspect and threading.active_count() == 1 and _nothing_is_above(sys._getframe()):
        _end(code)
    # Nothing that is left has to be searched for cycles before the process ends: that would be a tenth of a short command.
    gc.freeze()
    sys.exit(code)


def _nothing_is_above(frame: FrameType | None) -> bool:
    """Whether Python itself called `main`, and no profiler, debugger or `coverage run` that has work to do when it comes back."""
    while frame := frame and frame.f_back:
        if frame.f_globals.get("__name__") not in ("__main__", "runpy"):
            return False
    return True


def _end(code: int) -> None:
    """End the process as Python does, but for taking every object apart first, which is a twentieth of a short command.

    Returns where the output cannot be written: Python fails at that once more, and says so.
    """
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code & 0xFF)


def _written_out(error: UnicodeError) -> tuple[str, int]:
    """What stands for signs that the terminal's encoding lacks: no two names may look alike for it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_OWN_SIGNS.get(each) or ascii(each)[1:-1] for each in lacking), error.end


def run(args: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    # A command is short-lived and makes few reference cycles; the collector would walk every binding again and again.
    # `local serve`, which stays, turns it on again.
    gc.disable()
    codecs.register_error(_WRITTEN_OUT, _written_out)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign (🔒 in Latin-1, say) shows another one, or its number; nothing fails for that.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_WRITTEN_OUT)
    guard_output()
    if "_REGSYNC_COMPLETE" in os.environ:
        from regsync.console.bash import prepare

        prepare()
    try:
        _check_dashes(sys.argv[1:] if args is None else args)
        result: Any = cli.main(args, prog_name="regsync", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:  # Completion ends so.
        return int(stop.code or 0)
    except click.NoSuchOption as error:
        error.show()
        if error.option_name in GLOBAL_OPTIONS:
            click.echo(f"    hint: it stands before the command: regsync {error.option_name} …", err=True)
        return 1
    except click.ClickException as error:
        error.show()
        return 1
    except click.Abort:
        click.echo("stopped", err=True)
        return 130
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody to tell.
        _drop_output()
        return 1
    except OSError as error:
        if error.filename is None and error.errno in _DISK_IS_FULL:
            _drop_output()
            click.echo(f"error: the output could not be written: {error.strerror}", err=True)
            click.echo("    hint: an apply that had begun is in its receipt, below .regsync/receipts", err=True)
            return 1
        return shown_error(error)
    except Exception as error:  # noqa: BLE001 - the last line: known errors are shown, anything else is a defect and says so
        return shown_error(error)
    return result if isinstance(result, int) else 0


_ONE_DASH = r"(?s)-([a-z][a-z-]+)(=.*)?"
_SHORT = r"-[vqh]+"


def _check_dashes(args: list[str]) -> None:
    """Refuse `-out=plan.json`, which would be read as `-o` with the value `ut=plan.json`. Raises `click.UsageError`."""
    dashed = (arg for arg in args if arg.startswith("-") and not arg.startswith("--"))
    if not any(re.fullmatch(_ONE_DASH, arg) for arg in dashed):
        return
    command = next((arg for arg in args if arg in COMMANDS), None)
    found = cli.get_command(click.Context(cli), command) if command else None
    known = {option for each in (cli, found) if each for parameter in each.params for option in parameter.opts}
    for arg in args:
        match = re.fullmatch(_ONE_DASH, arg)
        if arg == "--":
            return
        if match and not re.fullmatch(_SHORT, arg) and f"--{match[1]}" in known:
            raise click.UsageError(f"{arg!r} has one dash and needs two: -{arg}")


def _drop_output() -> None:
    """What is still to be written to stdout goes nowhere, so that Python does not fail again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
