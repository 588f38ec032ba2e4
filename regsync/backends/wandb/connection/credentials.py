"""The key: where it comes from, and that it is shown nowhere.

Sources, in this order: `WANDB_API_KEY`; `WANDB_IDENTITY_TOKEN_FILE`, a token that the server exchanges for one of its
own; the netrc entry of the server's host (`NETRC`, `~/.netrc`, `~/_netrc`), as the client does
(`wandb/sdk/lib/wbauth/`, 0.31). The public cloud has two names, and an entry for either will do; where nobody chose a server and
both are there, the one that the installed client would take. An entry for another host, or netrc's `default`, is never used.
"""

from __future__ import annotations

import netrc
import os
import threading
import time
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from regsync.backends.base import BackendError
from regsync.backends.wandb.connection.answers import NotSentError
from regsync.backends.wandb.connection.url import CLOUD, OTHER_NAMES, logged_in_at, same_host
from regsync.hiding import remember

KEY_VARIABLE = "WANDB_API_KEY"
TOKEN_VARIABLE = "WANDB_IDENTITY_TOKEN_FILE"  # noqa: S105 - the name of a variable
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TWO_NAMES_SINCE = (0, 31)
"""The release of the client that asks for api.forge.coreweave.com where no server is chosen; 0.30 asks for api.wandb.ai."""
_EARLY = 60.0
"""Seconds before its end at which an access token is replaced."""


class Credentials:
    """Authorizes requests. What it authorizes them with is hidden from any text (`regsync.hiding`); its `repr` says the source."""

    def __init__(self, source: str, auth: httpx.Auth) -> None:
        self.source = source
        self.auth = auth

    def __repr__(self) -> str:
        return f"Credentials({self.source})"


class _Basic(httpx.BasicAuth):
    """HTTP Basic, as W&B has it: the user `api`, the key as the password."""

    def __init__(self, key: str) -> None:
        super().__init__("api", key)

    def __repr__(self) -> str:
        return "Basic"


def _from_key(source: str, key: str) -> Credentials:
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise BackendError(
            f"{source} holds something that cannot be an API key (empty, or with spaces or special characters)",
            "copy the key again from the server's page /authorize",
            code="bad-key",
        )
    remember(key)
    return Credentials(source, _Basic(key))


def find_credentials(server: str, *, is_default: bool = False) -> Credentials:
    """The credentials for the server at that address; `is_default`: nobody chose it. Raises `BackendError` where there are none."""
    key, token_file = os.environ.get(KEY_VARIABLE), os.environ.get(TOKEN_VARIABLE)
    if key and token_file:
        raise BackendError(
            f"both {KEY_VARIABLE} and {TOKEN_VARIABLE} are set", "unset one of them", code="two-credentials"
        )
    if key:
        return _from_key(KEY_VARIABLE, key)
    if token_file:
        return Credentials(TOKEN_VARIABLE, _Identity(server, Path(token_file)))
    parts = urlsplit(server)
    names = _names(parts.netloc, is_default=is_default)
    for path in _netrc_paths():
        found = _from_netrc(path, (*names, parts.hostname or ""), parts.scheme)
        if found is not None:
            return found
    raise BackendError(
        f"there is no API key for {' or '.join(names)}",
        f"set {KEY_VARIABLE}, or run `wandb login --host {server}`, which writes netrc{_elsewhere(server)}",
        code="no-key",
    )


def _names(netloc: str, *, is_default: bool) -> tuple[str, ...]:
    """The hosts whose entry is for this server, best first."""
    other = OTHER_NAMES.get(netloc)
    if other is None:
        return (netloc,)
    return (other, netloc) if is_default and _client_asks(other) else (netloc, other)


def _client_asks(host: str) -> bool:
    """Whether the client that is installed beside regsync, or else the newest one, asks for this name of the public cloud."""
    from importlib import metadata  # It reads zip files, tables and settings, and only the public cloud needs it.

    try:
        older = tuple(int(part) for part in metadata.version("wandb").split(".")[:2]) < _TWO_NAMES_SINCE
    except (metadata.PackageNotFoundError, ValueError):
        older = False
    return (host == urlsplit(CLOUD).netloc) is older


def _elsewhere(server: str) -> str:
    """The end of the hint where the client was told to use another server."""
    known = logged_in_at()
    if known is None:
        return ""
    parts = urlsplit(known[0].strip())
    if f"{parts.scheme}://{same_host(parts.netloc, parts.scheme)}{parts.path.rstrip('/')}" == server:
        return ""
    return f"; {known[1]} says {known[0]}: is that the server that is meant (--backend wandb:{known[0]})?"


def _netrc_paths() -> list[Path]:
    named = os.environ.get("NETRC")
    if named:
        return [Path(named).expanduser()]
    try:
        home = Path.home()
    except RuntimeError:
        return []
    return [home / ".netrc", home / "_netrc"]


def _from_netrc(path: Path, names: tuple[str, ...], scheme: str) -> Credentials | None:
    """The key of the first of these hosts that has one: written as it is, else as the client writes what it was told to use
    (`wandb login --host https://Wandb.Example.com:443`)."""
    try:
        hosts = netrc.netrc(path).hosts
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise BackendError(f"cannot read {path}: {reason}", f"or set {KEY_VARIABLE}", code="netrc") from None
    except netrc.NetrcParseError as error:
        raise BackendError(
            f"cannot read {path}: line {error.lineno} is not netrc's format", f"or set {KEY_VARIABLE}", code="netrc"
        ) from None
    keys = {same_host(host, scheme): entry[2] for host, entry in hosts.items() if entry[2]}
    keys |= {host: entry[2] for host, entry in hosts.items() if entry[2]}
    key = next((keys[name] for name in names if name in keys), None)
    return _from_key(f"netrc ({path})", key) if key else None


class _Identity(httpx.Auth):
    """Exchanges an identity token for an access token of the server, and again when that runs out.

    The exchange is the client's (`core/internal/api`, `POST {base}/oidc/token`, RFC 7523); the access token is kept in
    memory only. The file is read at each exchange, because whoever writes it replaces it.
    """

    def __init__(self, server: str, path: Path) -> None:
        self._server = server
        self._path = path
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def __repr__(self) -> str:
        return "Identity"

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the access token; after a 401, get another one and try once more."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._take(self._read((yield self._exchange(request))))
            used = self._token
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return
        with self._lock:
            if self._token == used:
                self._take(self._read((yield self._exchange(request))))
            request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

    def _exchange(self, request: httpx.Request) -> httpx.Request:
        """What asks for an access token; it names the same program as the request that needs it."""
        try:
            token = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not a token"
            raise BackendError(f"{TOKEN_VARIABLE}: cannot read {self._path}: {reason}", code="bad-token") from None
        remember(token)
        data = {"grant_type": _GRANT, "assertion": token}
        agent = {"User-Agent": request.headers["User-Agent"]} if "User-Agent" in request.headers else {}
        return httpx.Request("POST", f"{self._server}/oidc/token", headers=agent, data=data)

    def _read(self, response: httpx.Response) -> tuple[str, float]:
        response.read()
        if response.status_code >= 500 or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise NotSentError(f"exchanging the identity token: HTTP {response.status_code}", code="unreachable")
        try:
            answer = response.json() if response.is_success else {}
            token, seconds = str(answer["access_token"]), float(answer.get("expires_in", 0))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackendError(
                f"the server does not accept the identity token of {TOKEN_VARIABLE} (HTTP {response.status_code})",
                "ask whoever runs the server whether identity federation is set up for this issuer, or use an API key",
                code="bad-token",
            ) from None
        return token, time.monotonic() + max(seconds - _EARLY, _EARLY)

    def _take(self, granted: tuple[str, float]) -> None:
        self._token, self._until = granted
        remember(self._token)
