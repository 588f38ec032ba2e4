"""`regsync local`: the embedded registry. Its commands are modules of their own, imported on use."""

from __future__ import annotations

import importlib

import click

from regsync.console.examples import epilog

COMMANDS = {
    "init": "Make a registry file with an organization",
    "seed": "Fill a registry file from a seed file",
    "user": "Users and their API keys",
    "org": "Organizations and who is in them",
    "team": "Teams and who is in them",
    "artifact": "Log artifact versions",
    "serve": "Speak W&B's API over the registry file",
    "info": "What is in a registry file",
}
"""Every command, a module of this package, with its short help, in the order of the help page."""


class LocalGroup(click.Group):
    """The commands of `regsync local`, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"regsync.commands.local.{cmd_name}").command
        found.epilog = epilog(f"local {cmd_name}")
        for name, child in found.commands.items() if isinstance(found, click.Group) else ():
            child.epilog = epilog(f"local {cmd_name} {name}")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group("local", cls=LocalGroup)
def command() -> None:
    """The embedded registry: W&B Registry's semantics in one SQLite file.

    For trying regsync, for rehearsing a change, and for tests. These commands act as the owner of the file.
    """
