"""HTTP to one host: the token goes there and nowhere else, and waiting has an end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import tenacity

from regsync.backends.base import BackendError
from regsync.backends.http import http_client, is_loopback
from regsync.forge.base import ForgeError, LostError, ReadOnlyTokenError
from regsync.hiding import hide, remember

PAGE = 100
"""Items of a page: the most that GitHub and GitLab give."""
MOST_PAGES = 200
_ATTEMPTS = 4
_LONGEST_WAIT = 60.0
"""Seconds: the longest that a host may ask us to wait once."""
_TIMEOUT = 30.0


class Token:
    """A secret and the variable that it is from. Its `repr` and every error say only the variable.

    `advice`: what to do where a host refuses it.
    """

    __slots__ = ("_secret", "advice", "header", "source")

    def __init__(self, source: str, header: str, secret: str, *, prefix: str = "", advice: str) -> None:
        secret = secret.strip()
        if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ForgeError(
                f"{source} holds something that cannot be a token (empty, or with spaces or special characters)",
                "set it again; a secret that a CI job may not see is empty there",
                code="bad-token",
            )
        self.source = source
        self.header = header
        self.advice = advice
        self._secret = prefix + secret
        remember(secret)

    def headers(self) -> dict[str, str]:
        """The header that authorizes a request."""
        return {self.header: self._secret}

    def __repr__(self) -> str:
        return f"Token({self.source})"


class BusyError(ForgeError):
    """Certainly not carried out: too many requests, or no connection. `after`: seconds that the host asks for, if it says."""

    def __init__(self, message: str, hint: str | None, after: float | None = None) -> None:
        super().__init__(message, hint, code="busy")
        self.after = after


class Client:
    """Requests to one API. Redirects are not followed, plain http goes to this machine only."""

    def __init__(self, host: str, base: str, origin: str, token: Token, headers: Mapping[str, str]) -> None:
        """`host` is its name for messages, `base` the API's address, `origin` where that address comes from."""
        self._host = host
        self._token = token
        base = checked_url(base, origin)
        self._http = _client(base, {**headers, **token.headers()})

    def get(self, path: str, what: str, **query: str | int) -> Any:
        """What is there. `what` names the request in messages."""
        return self._patiently("GET", path, what, query=query, again=(BusyError, LostError)).json()

    def pages(self, path: str, what: str, *, items: str | None = None, **query: str | int) -> Iterator[Any]:
        """Every item of a list, page by page. The address of the next page is made here, never taken from an answer.

        `items`: the key that the list stands under, where it is not the whole answer.
        """
        for page in range(1, MOST_PAGES + 1):
            asked = {**query, "per_page": PAGE, "page": page}
            answer = self._patiently("GET", path, what, query=asked, again=(BusyError, LostError))
            data = answer.json()
            found = data.get(items) if items and isinstance(data, dict) else data
            if not isinstance(found, list):
                raise ForgeError(f"{self._host}: {what}: the answer is no list", code="bad-answer")
            yield from found
            more = answer.headers.get("x-next-page") or "next" in answer.links
            if not more:
                return
        raise ForgeError(f"{self._host}: {what}: more than {MOST_PAGES * PAGE:,} items", code="too-many")

    def file(self, path: str, what: str, **query: str | int) -> bytes:
        """A file. Where the host redirects to its storage, it is fetched there without the token. Raises `ForgeError`."""
        again = (BusyError, LostError)
        response = self._patiently("GET", path, what, query=query, again=again, reads_json=False)
        if not response.is_redirect:
            return response.content
        address = checked_url(response.headers.get("location", "").partition("?")[0], "the storage of the host")
        try:
            with _client(address, {}) as plain:
                stored = plain.get(response.headers["location"])
        except httpx.HTTPError as error:
            raise ForgeError(f"{self._host}: {what}: {error}", "run this again", code="lost") from None
        if not stored.is_success:
            message = f"{self._host}: {what}: {urlsplit(address).hostname} answers HTTP {stored.status_code}"
            raise ForgeError(message, "run this again", code="lost")
        return stored.content

    def write(self, method: str, path: str, what: str, body: Mapping[str, Any], *, repeatable: bool) -> Any:
        """Send JSON. A request that is not `repeatable` is sent again only where it was certainly not carried out.

        Raises `LostError` where nobody knows, `ReadOnlyTokenError`, `ForgeError`.
        """
        again = (BusyError, LostError) if repeatable else (BusyError,)
        return self._patiently(method, path, what, body=body, again=again).json()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _patiently(
        self,
        method: str,
        path: str,
        what: str,
        *,
        again: tuple[type[ForgeError], ...],
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        reads_json: bool = True,
    ) -> httpx.Response:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, again) and _worth_waiting(error)),
            wait=_wait,
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, query, body, reads_json)
        except ForgeError as error:
            error.message = hide(f"{self._host}: {what}: {error.message}")
            error.args = (error.message,)
            raise error from None

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Mapping[str, Any] | None,
        reads_json: bool,
    ) -> httpx.Response:
        try:
            response = self._http.request(method, path, params=query, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise BusyError(
                f"cannot be reached: {str(error) or type(error).__name__}", "check the network and the API's address"
            ) from None
        except httpx.HTTPError as error:
            raise LostError(
                f"no whole answer: {str(error) or type(error).__name__}", "run this again", code="lost"
            ) from None
        if not reads_json and (response.is_success or response.is_redirect):
            return response
        if not response.is_success:
            raise self._refusal(response)
        try:
            response.json()
        except ValueError:
            raise ForgeError(
                "the answer is not JSON",
                "check the address of the API; a proxy or a login page may answer in its place",
            ) from None
        return response

    def _refusal(self, response: httpx.Response) -> ForgeError:
        status, said = response.status_code, _said(response)
        if status == 429 or (status == 403 and _is_rate_limit(response, said)):
            after = _asked_to_wait(response.headers)
            when = f"; it asks to wait {after:.0f} s" if after is not None else ""
            return BusyError(f"too many requests{when} ({said})", "run this again later", after)
        if status >= 500:
            return LostError(f"HTTP {status} ({said})", "the host has a problem; run this again later", code="lost")
        if status == 401:
            message = f"the token of {self._token.source} is not valid ({said})"
            return ForgeError(message, self._token.advice, code="token")
        if status == 403:
            message = f"the token of {self._token.source} may not do this ({said})"
            return ReadOnlyTokenError(message, self._token.advice, code="forbidden")
        if status == 404:
            hint = (
                f"check repository and number; a token that may not see it gets this answer too: {self._token.advice}"
            )
            return ForgeError(f"not found ({said})", hint, code="not-found")
        if response.is_redirect:
            return ForgeError(
                f"HTTP {status}, a redirect, which is not followed: the token goes to one host only",
                "give the API's final address; a repository that was renamed needs its new name",
                code="redirect",
            )
        return ForgeError(f"refused, HTTP {status} ({said})", code="refused")


def _client(base: str, headers: Mapping[str, str]) -> httpx.Client:
    try:
        return http_client(base, headers=headers, timeout=_TIMEOUT)
    except BackendError as error:
        raise ForgeError(error.message, error.hint, code=error.code) from None


def checked_url(url: str, origin: str) -> str:
    """An API's address without a slash at its end. Raises `ForgeError` for what a token must not be sent to."""
    try:
        parts = urlsplit(url.strip())
        parts.port  # noqa: B018 - reading it checks it
    except ValueError as error:
        raise ForgeError(f"{origin} is not a URL: {error}", code="bad-url") from None
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ForgeError(f"{origin} is not the address of an API: {url!r}", "write https://HOST/PATH", code="bad-url")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ForgeError(
            f"{origin}: http://{parts.hostname} would carry the token over the network unencrypted",
            "write https://; plain http is for servers on this machine only",
            code="insecure-url",
        )
    return url.strip().rstrip("/")


def _said(response: httpx.Response) -> str:
    """The host's own words, shortened."""
    try:
        data = response.json()
    except ValueError:
        data = None
    words: Any = (data.get("message") or data.get("error")) if isinstance(data, dict) else None
    text = words if isinstance(words, str) else json.dumps(words) if words else response.reason_phrase
    errors = data.get("errors") if isinstance(data, dict) else None
    if isinstance(errors, list) and errors:
        text += ": " + "; ".join(str(e.get("message", e)) if isinstance(e, dict) else str(e) for e in errors[:3])
    return hide(text)[:300]


def _is_rate_limit(response: httpx.Response, said: str) -> bool:
    """GitHub answers 403 to too many requests as well (its page "Rate limits for the REST API")."""
    headers = response.headers
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in said.lower()


def _asked_to_wait(headers: httpx.Headers) -> float | None:
    """Seconds: `Retry-After`, else until `X-RateLimit-Reset` (GitHub) or `RateLimit-Reset` (GitLab), which are points in time."""
    try:
        if "retry-after" in headers:
            return max(0.0, float(headers["retry-after"]))
        reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset")
        return max(0.0, float(reset) - time.time()) if reset else None
    except ValueError:
        return None


def _worth_waiting(error: BaseException) -> bool:
    after = error.after if isinstance(error, BusyError) else None
    return after is None or after <= _LONGEST_WAIT


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, BusyError) and error.after is not None:
        return error.after
    return float(tenacity.wait_exponential(multiplier=0.5, max=10)(state))
