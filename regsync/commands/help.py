"""`regsync help`: the help of a command, as `-h` shows it."""

from __future__ import annotations

import click


@click.command("help")
@click.argument("words", metavar="[COMMAND...]", nargs=-1)
@click.pass_context
def command(context: click.Context, words: tuple[str, ...]) -> None:
    """Show the help of COMMAND, or the list of commands."""
    here = context.parent or context
    for word in words:
        group = here.command
        if not isinstance(group, click.Group):
            raise click.UsageError(f"{here.command_path} has no commands of its own")
        found = group.resolve_command(here, [word])[1]
        if found is None:
            raise click.UsageError(f"there is no command {word!r}; see {here.command_path} --help")
        here = type(here)(found, info_name=word, parent=here)
    click.echo(here.get_help())
