"""Which server: where its address comes from, and which addresses a key may be sent to."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import SplitResult, urlsplit

from regsync.backends.base import BackendError

URL_VARIABLE = "WANDB_BASE_URL"
CLOUD = "https://api.wandb.ai"
_DEFAULT_PORTS = {"https": 443, "http": 80}


def base_url(url: str | None) -> str:
    """The server's normal address: from the command line, else `WANDB_BASE_URL`, else the public cloud.

    Raises `BackendError` for what is no address, and for plain http to anywhere but this machine.

    >>> base_url("HTTPS://Wandb.Example.com:443/")
    'https://wandb.example.com'
    """
    text, origin = (url, "--backend wandb:URL") if url else (os.environ.get(URL_VARIABLE) or CLOUD, URL_VARIABLE)
    parts = _split(text.strip(), origin)
    host = (parts.hostname or "").lower()
    if parts.scheme == "http" and not is_loopback(host):
        raise BackendError(
            f"{origin}: http://{host} would carry the API key over the network unencrypted",
            f"write https://{host}; plain http is for servers on this machine only",
            code="insecure-url",
        )
    if host in {"wandb.ai", "www.wandb.ai"}:
        raise BackendError(f"{origin}: {host} is the web app, not the API", f"write {CLOUD}", code="bad-url")
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{port}{parts.path.rstrip('/')}"


def _split(text: str, origin: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as error:
        raise BackendError(
            f"{origin} is not a URL: {error}", "write https://HOST or https://HOST:PORT", code="bad-url"
        ) from None
    if parts.username is not None or parts.password is not None:
        raise BackendError(
            f"{origin} holds a user name or a password",
            "write the URL without them; the key comes from WANDB_API_KEY or netrc",
            code="bad-url",
        )
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.query or parts.fragment:
        raise BackendError(
            f"{origin} is not the address of a server: {text!r}",
            "write https://HOST or https://HOST:PORT",
            code="bad-url",
        )
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by name or by address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def key_page(server: str) -> str:
    """Where a user of that server finds their API key."""
    return "https://wandb.ai/authorize" if server == CLOUD else f"{server}/authorize"
