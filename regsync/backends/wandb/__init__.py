"""The backend `wandb`: a W&B server, over its GraphQL API. What is spoken and what is assumed: `docs/wandb.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from regsync.backends.base import Notify
    from regsync.backends.wandb.backend import WandbReader, WandbWriter
    from regsync.backends.wandb.connection.options import Options


@overload
def open_wandb(
    url: str | None,
    *,
    organization: str | None,
    write: Literal[True],
    notify: Notify,
    options: Options | None = None,
) -> WandbWriter: ...


@overload
def open_wandb(
    url: str | None,
    *,
    organization: str | None,
    write: Literal[False],
    notify: Notify,
    options: Options | None = None,
) -> WandbReader: ...


def open_wandb(
    url: str | None, *, organization: str | None, write: bool, notify: Notify, options: Options | None = None
) -> WandbReader | WandbWriter:
    """A W&B server. Nothing is sent yet.

    `url` None: `WANDB_BASE_URL`, else the server in the client's settings of this user, else the public cloud. `organization`: the
    display name; None for the only one of the key's owner. `options` None: from the environment. Raises `BackendError` for a URL
    or a key that cannot be used.
    """
    from regsync.backends.wandb.backend import WandbReader, WandbWriter
    from regsync.backends.wandb.connection.credentials import find_credentials
    from regsync.backends.wandb.connection.options import options_from_environment
    from regsync.backends.wandb.connection.transport import ReadOnlyClient, WritingClient
    from regsync.backends.wandb.connection.url import base_url, is_default

    server = base_url(url)
    credentials = find_credentials(server, is_default=is_default(url))
    settings = options or options_from_environment()
    if write:
        return WandbWriter(WritingClient(server, credentials, settings, notify), organization, settings)
    return WandbReader(ReadOnlyClient(server, credentials, settings, notify), organization, settings)
