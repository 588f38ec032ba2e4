"""`regsync completion`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script for a shell.

    Addresses are completed from the manifests below the current folder; no registry is asked.

    For bash: eval "$(regsync completion bash)" in ~/.bashrc. For zsh the same in ~/.zshrc. For fish:
    regsync completion fish > ~/.config/fish/completions/regsync.fish
    """
    from click.shell_completion import get_completion_class

    from regsync.commands import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell!r}")
    completer = kind(cli, {}, "regsync", "_REGSYNC_COMPLETE")
    click.echo(completer.source())
    return 0
