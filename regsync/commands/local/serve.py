"""`regsync local serve`: the embedded registry, spoken to like W&B."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from regsync.console.context import Settings, pass_settings
from regsync.console.registry_file import db_option, registry_file
from regsync.diagnostics import RegsyncError


@click.command("serve")
@db_option
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port; a free one if left out.")
@click.option("--allow-remote", is_flag=True, help="Allow an address that other machines can reach. There is no TLS.")
@click.option(
    "--allow-host", "hosts", multiple=True, metavar="NAME", help="A host name that clients may use for the server."
)
@click.option(
    "--public-url", metavar="URL", help="Where clients reach the server, if not at its own address: behind a proxy."
)
@pass_settings
def command(
    settings: Settings,
    db: Path | None,
    host: str,
    port: int,
    allow_remote: bool,
    hosts: tuple[str, ...],
    public_url: str | None,
) -> None:
    """Speak W&B's API over the registry file, as much of it as the wandb package needs to work against it unchanged.

    The first line of output is the server's URL. Stop it with Ctrl-C.
    """
    from urllib.parse import urlsplit

    from regsync.local.store import contents
    from regsync.local.store.database import open_store
    from regsync.looks.escape import plain

    try:
        from regsync.local.server import run
        from regsync.local.server.app import create_app
    except ImportError as error:
        raise RegsyncError(
            f"the server needs a package that is not installed: {error.name}",
            hint="install regsync with it: pip install '.[server]' in a clone of its repository",
        ) from error

    path = registry_file(settings, db)
    named = urlsplit(public_url or "").hostname
    if public_url is not None and (named is None or not public_url.startswith(("http://", "https://"))):
        raise RegsyncError(f"--public-url {public_url}: not the URL of a server", hint="write https://host:port")
    store = open_store(path)
    contents.sweep(store)
    sock = run.listen(host, port, allow_remote=allow_remote)

    app = create_app(
        store, public_url=public_url and public_url.rstrip("/"), hosts=[*hosts, *([named] if named else [])]
    )

    def started() -> None:
        click.echo(run.url(sock))
        settings.say(f"serving {plain(str(path))}; for the wandb client:")
        settings.say(f"  export WANDB_BASE_URL={run.url(sock)}")
        settings.say("  export WANDB_API_KEY=…   the key that `regsync local user add` or the seed file gave a user")

    gc.enable()  # `commands.run` turned it off; a server stays.
    try:
        run.serve(app, sock, started)
    finally:
        sock.close()
        store.close()
    settings.say("stopped")
