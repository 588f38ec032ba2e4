"""`regsync local`: the embedded registry. Its commands are modules of their own, imported on use."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "init": ("local_init", "Make a registry file with an organization"),
    "seed": ("local_seed", "Fill a registry file from a seed file"),
    "user": ("local_user", "Users and their API keys"),
    "org": ("local_org", "Organizations and who is in them"),
    "team": ("local_team", "Teams and who is in them"),
    "artifact": ("local_artifact", "Log artifact versions"),
    "serve": ("local_serve", "Speak W&B's API over the registry file"),
    "info": ("local_info", "What is in a registry file"),
}
"""Every command with its module and short help, in the order of the help page."""


class LocalGroup(click.Group):
    """The commands of `regsync local`, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"regsync.commands.{COMMANDS[cmd_name][0]}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group("local", cls=LocalGroup)
def command() -> None:
    """The embedded registry: W&B Registry's semantics in one SQLite file.

    For trying regsync, for rehearsing a change, and for tests. These commands act as the owner of the file.
    """
