"""The one place that makes HTTP clients: what the environment says about proxies and certificates, and nothing else of it.

Each client is for one server, so its proxy is decided once. Entries of `NO_PROXY` that mean nothing are passed over, as curl
and git do; everything else that cannot be used is an error that names its variable. A server on this machine is reached
without a proxy; its certificate is checked as any other's.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import ssl
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from regsync.backends.base import BackendError
from regsync.version import __version__

_CERTIFICATE_FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_CERTIFICATE_FOLDER = "SSL_CERT_DIR"
_DEFAULT_PORTS = {"https": 443, "http": 80}
_SOCKS = {"socks5", "socks5h"}


def http_client(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    auth: httpx.Auth | None = None,
    timeout: httpx.Timeout | float = 30.0,
    limits: httpx.Limits | None = None,
) -> httpx.Client:
    """A client for the server at that address. Redirects are not followed, so a key goes to no other host.

    Raises `BackendError` (code `connection-setup`) where the environment cannot be followed.
    """
    context = ssl_context() if url.lower().startswith("https:") else False
    return httpx.Client(
        base_url=url,
        headers={"User-Agent": f"regsync/{__version__}", **(headers or {})},
        auth=auth,
        follow_redirects=False,
        trust_env=False,
        verify=context,
        proxy=proxy_for(url),
        timeout=timeout,
        limits=limits or httpx.Limits(),
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by name or by address."""
    if host.removesuffix(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(url: str) -> httpx.Proxy | None:
    """The proxy for a server, as `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` (or in lower case) and `NO_PROXY` say; else the
    settings of the system, where it has any."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    if is_loopback(host):
        return None
    proxies = urllib.request.getproxies()
    address = (proxies.get(parts.scheme) or proxies.get("all") or "").strip()
    if not address or is_excepted(host, port, proxies.get("no", "")):
        return None
    name = _variable(parts.scheme if proxies.get(parts.scheme) else "all")
    return _proxy(address if "://" in address else f"http://{address}", name)


def _proxy(address: str, name: str) -> httpx.Proxy:
    wanted = f"write {name}=http://HOST:PORT, or unset it"
    try:
        parts = urlsplit(address)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        has_host = False
    if not has_host:
        raise _setup(f"{name} is not the address of a proxy", wanted)
    if parts.scheme in _SOCKS and importlib.util.find_spec("socksio") is None:
        hint = f"install socksio beside regsync (`pip install socksio`), or {wanted}"
        raise _setup(f"{name} names a SOCKS proxy, and the package for it is not installed", hint)
    if parts.scheme not in {"http", "https", *_SOCKS}:
        known = "http, https, socks5 and socks5h"
        raise _setup(f"{name} names a proxy of the kind {parts.scheme}; those that can be used are {known}", wanted)
    try:
        return httpx.Proxy(address, ssl_context=ssl_context() if parts.scheme == "https" else None)
    except (ValueError, httpx.InvalidURL):
        raise _setup(f"{name} is not the address of a proxy", wanted) from None


def is_excepted(host: str, port: int, no_proxy: str) -> bool:
    """Whether `NO_PROXY` leaves a host out: names with all below them, addresses, networks, `host:port`, `*`.

    >>> is_excepted("api.corp.example", 443, "localhost, .corp.example, fd00::/8")
    True
    """
    host = host.lower().removesuffix(".")
    return any(_excepts(entry.lower(), host, port) for entry in no_proxy.replace(",", " ").split())


def _excepts(entry: str, host: str, port: int) -> bool:
    _, is_url, rest = entry.partition("://")
    entry = rest.partition("/")[0] if is_url else entry
    if entry == "*":
        return True
    address = _address(host)
    network = _network(entry.strip("[]"))
    if network is not None:
        return address is not None and address.version == network.version and address in network
    name, colon, number = entry.rpartition(":")
    if colon and number.isdecimal():
        if int(number) != port:
            return False
        entry = name
        if (network := _network(entry.strip("[]"))) is not None:
            return address is not None and address.version == network.version and address in network
    entry = entry.removeprefix("*").strip(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def ssl_context() -> ssl.SSLContext:
    """How certificates are checked: by the authorities that the environment names, else by those that come with httpx.

    Those of the first file that is named and those of `SSL_CERT_DIR` add up, as OpenSSL has it.
    """
    folders = os.environ.get(_CERTIFICATE_FOLDER, "").split(os.pathsep)  # Several may be named, as OpenSSL reads it.
    there = [each for each in folders if os.path.isdir(each)]  # noqa: PTH112
    name = next((each for each in _CERTIFICATE_FILES if os.environ.get(each)), None)
    if name is None and any(folders) and not there:
        named = os.environ[_CERTIFICATE_FOLDER]
        raise _setup(f"{_CERTIFICATE_FOLDER} names no folder that is there: {named}", "correct it, or unset it")
    context = _made(None) if name is None else _by_file(name)
    for each in there:
        context.load_verify_locations(capath=each)
    return context


def _by_file(name: str) -> ssl.SSLContext:
    """By the authorities in the file (or, as requests has it, the folder) that this variable names."""
    path = os.environ[name]
    if os.path.isdir(path) and name != _CERTIFICATE_FILES[0]:  # noqa: PTH112
        context = _made(None)
        context.load_verify_locations(capath=path)
        return context
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise _setup(f"{name} names a file without certificates: {path}", "it holds them as PEM, or unset it") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _setup(f"{name} names a file that cannot be read: {path}: {reason}", "correct it, or unset it") from None
    return _made(path)


def _made(cafile: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=cafile) if cafile else httpx.create_ssl_context(trust_env=False)
    except OSError as error:
        hint = "correct SSLKEYLOGFILE, or unset it" if os.environ.get("SSLKEYLOGFILE") else None
        raise _setup(f"certificates cannot be set up: {error.strerror or error}", hint) from None


def _variable(kind: str) -> str:
    """The variable that a proxy comes from."""
    names = (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    return next((each for each in names if os.environ.get(each)), "the proxy in the system's settings")


def _setup(message: str, hint: str | None) -> BackendError:
    return BackendError(message, hint, code="connection-setup")
