"""Which server: where its address comes from, and which addresses a key may be sent to."""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from regsync.backends.base import BackendError
from regsync.backends.http import is_loopback

URL_VARIABLE = "WANDB_BASE_URL"
CLOUD = "https://api.wandb.ai"
_FORGE = "forge.coreweave.com"
OTHER_NAMES = {"api.wandb.ai": f"api.{_FORGE}", f"api.{_FORGE}": "api.wandb.ai"}
"""The two names of the public cloud, each with the other one (client 0.31, `wandb/sdk/lib/urls.py`)."""
_WEB_APPS = {
    "wandb.ai": CLOUD,
    "www.wandb.ai": CLOUD,
    "app.wandb.ai": CLOUD,
    _FORGE: f"https://api.{_FORGE}",
}
_FORGE_PROXY = "/api/wandb"
"""Where the cloud's web server hands on to its API; the client takes that address for the API's own (`HostUrl`)."""
_ENDPOINT = "/graphql"
"""Where the API answers, below the server's address; people paste it with that address."""
_DEFAULT_PORTS = {"https": 443, "http": 80}


def base_url(url: str | None) -> str:
    """The server's normal address: from the command line, else `WANDB_BASE_URL`, else the one that the client was told to use
    (`logged_in_at`), else the public cloud.

    Raises `BackendError` for what is no address, and for plain http to anywhere but this machine.

    >>> base_url("HTTPS://Wandb.Example.com.:443/graphql")
    'https://wandb.example.com'
    """
    text, origin = (url, "--backend wandb:URL") if url else (os.environ.get(URL_VARIABLE), URL_VARIABLE)
    if not text:
        text, origin = logged_in_at() or (CLOUD, URL_VARIABLE)
    parts = _split(text.strip(), origin)
    host = (parts.hostname or "").lower().removesuffix(".")
    if parts.scheme == "http" and not is_loopback(host):
        raise BackendError(
            f"{origin}: http://{host} would carry the API key over the network unencrypted",
            f"write https://{host}; plain http is for servers on this machine only",
            code="insecure-url",
        )
    if host == _FORGE and parts.path.rstrip("/") == _FORGE_PROXY and parts.port in (None, _DEFAULT_PORTS["https"]):
        return _WEB_APPS[host]
    if host in _WEB_APPS:
        raise BackendError(f"{origin}: {host} is the web app, not the API", f"write {_WEB_APPS[host]}", code="bad-url")
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    shown = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/").removesuffix(_ENDPOINT).rstrip("/")
    return f"{parts.scheme}://{shown}{port}{path}"


def is_default(url: str | None) -> bool:
    """Whether nobody chose a server, so that it is the client's own choice."""
    return not (url or os.environ.get(URL_VARIABLE) or logged_in_at())


def logged_in_at() -> tuple[str, str] | None:
    """The `base_url` that `wandb login --host` has put into the client's settings of this user, and the file's name.

    Only the user's own file is read (`WANDB_CONFIG_DIR`, else `~/.config/wandb`): one in the working folder may be a
    stranger's, and would decide where the key goes. Raises `BackendError` for a file that cannot be read.
    """
    named = os.environ.get("WANDB_CONFIG_DIR")
    try:
        path = (Path(named).expanduser() if named else Path.home() / ".config" / "wandb") / "settings"
    except RuntimeError:
        return None
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        reason = (getattr(error, "strerror", None) or "it is not in the format of settings").lower()
        hint = f"correct it, or set {URL_VARIABLE} (the public cloud is {CLOUD})"
        raise BackendError(f"cannot read {path}: {reason}", hint, code="client-settings") from None
    found = parser.get("default", "base_url", fallback="").strip()
    return (found, str(path)) if found else None


def same_host(netloc: str, scheme: str) -> str:
    """A host and port as `base_url` writes them: in small letters, without the port that the scheme has anyway.

    >>> same_host("Wandb.Example.com:443", "https")
    'wandb.example.com'
    """
    return netloc.lower().removesuffix(f":{_DEFAULT_PORTS.get(scheme)}").removesuffix(".")


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
    host = parts.hostname or ""
    if parts.scheme not in _DEFAULT_PORTS or not host or " " in host or parts.query or parts.fragment:
        raise BackendError(
            f"{origin} is not the address of a server: {text!r}",
            "write https://HOST or https://HOST:PORT",
            code="bad-url",
        )
    return parts


def key_page(server: str) -> str:
    """Where a user of that server finds their API key."""
    if server == CLOUD:
        return "https://wandb.ai/authorize"
    return f"https://{_FORGE}/wandb/authorize" if server == _WEB_APPS[_FORGE] else f"{server}/authorize"
