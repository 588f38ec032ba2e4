"""HTTP: one POST a document, with the key, with patience, and to one address only."""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import tenacity

from regsync.backends.base import BackendError, Notify
from regsync.backends.http import http_client
from regsync.backends.wandb.connection.answers import (
    Answer,
    BusyError,
    DeniedError,
    DocumentRefusedError,
    LostError,
    NotSentError,
    PartialAnswerError,
    clipped,
    denied_steps,
    read_answer,
)
from regsync.backends.wandb.connection.credentials import Credentials
from regsync.backends.wandb.connection.options import DEADLINE_VARIABLE, PAGE_VARIABLE, TIMEOUT_VARIABLE, Options
from regsync.backends.wandb.connection.url import key_page
from regsync.hiding import hide

_log = logging.getLogger("regsync.wandb")
_PIECE = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*|[{}()]|[A-Za-z_]\w*', re.DOTALL)
ADMIN_HEADER = "Use-Admin-Privileges"
"""The client sends it with every request, and some fields and an admin's access hang on it
(`wandb/sdk/lib/service/`, `wandb/apis/public/api.py`)."""
PLAN_HEADER, COMMIT_HEADER = "Regsync-Plan", "Regsync-Commit"
"""Sent with mutations, for the server's history: the digest of the plan, and the Git commit of its manifests."""
_TRIES_TO_CONNECT = 3
"""Attempts while no connection was ever made: a wrong address is told soon."""


class ReadingOnlyError(RuntimeError):
    """A document that could write was handed to a client that only reads. A defect of regsync, never a user's mistake."""


@lru_cache(maxsize=16)
def only_reads(document: str) -> bool:
    """Whether a document defines queries and fragments only.

    >>> only_reads("query A { viewer { id } }"), only_reads("mutation B { deleteModel { success } }")
    (True, False)
    """
    depth = 0
    for piece in _PIECE.findall(document):
        if piece in "{(":
            depth += 1
        elif piece in ")}":
            depth -= 1
        elif depth == 0 and piece in {"mutation", "subscription"}:
            return False
    return True


class ReadOnlyClient:
    """Sends queries. It has no way to send anything else: `read` refuses a document that holds a mutation."""

    def __init__(self, server: str, credentials: Credentials, options: Options, notify: Notify) -> None:
        self.server = server
        self.credentials = credentials
        self._options = options
        self._notify = notify
        self.host = urlsplit(server).netloc
        """For messages."""
        self._connected = False
        self._closed = threading.Event()
        self._busy_until = 0.0
        """Of the monotonic clock: the server asked to wait, so no request begins before."""
        self._http = http_client(
            server,
            headers={"Accept": "application/json", ADMIN_HEADER: "true", **options.headers},
            auth=credentials.auth,
            timeout=httpx.Timeout(options.timeout, connect=options.connect_timeout),
            limits=httpx.Limits(max_connections=options.in_flight, max_keepalive_connections=options.in_flight),
        )

    def read(self, document: str, variables: Mapping[str, Any], what: str) -> dict[str, Any]:
        """The data for a query, in full. `what` names it in messages.

        Raises `DocumentRefusedError` where the server does not take the document, `DeniedError` where it keeps fields from
        this key, `BackendError` where it could not be read or was answered in part.
        """
        if not only_reads(document):
            raise ReadingOnlyError(what)
        answer = self._patiently(
            lambda: self._post(document, variables, what), what, LostError, BusyError, NotSentError
        )
        if answer.refused_whole:
            raise DocumentRefusedError(f"{self.host}: {what}: {answer.faults[0].message}", code="refused")
        if answer.faults:
            steps = denied_steps(answer)
            if steps:
                denied = DeniedError(
                    f"{self.host}: {what}: the server does not show this key a field: {answer.faults[0].message}",
                    "the key itself is good; use one of a person with more rights",
                    code="denied",
                )
                denied.steps = steps
                raise denied
            raise PartialAnswerError(
                f"{self.host}: {what}: the server answered only in part: {answer.faults[0].message}",
                "nothing is concluded from half an answer; run this again, and report it to whoever runs the server if it happens again",
                code="partial-answer",
            )
        return answer.data or {}

    def _patiently(self, attempt: Callable[[], Answer], what: str, *worth: type[BackendError]) -> Answer:
        """Repeat an attempt while its error is one of `worth`, until the deadline. Errors get the name of the request."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(worth),
            wait=self._wait,
            stop=self._is_over,
            sleep=tenacity.sleep_using_event(self._closed),
            before_sleep=self._announce,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except BackendError as error:
            error.message = hide(f"{self.host}: {what}: {error.message}")
            error.args = (error.message,)
            error.hint = error.hint or self._hint(error)
            raise error from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, BusyError) else None
        if asked is not None:
            return asked + 0.1
        first = self._options.first_wait
        doubling = tenacity.wait_exponential(multiplier=first, max=self._options.longest_wait)
        return doubling(state) + tenacity.wait_random(0, first)(state)

    def _is_over(self, state: tenacity.RetryCallState) -> bool:
        """Whether the next attempt would be after the deadline, or is not worth making. Closing breaks what is under way."""
        if self._closed.is_set():
            return True
        if tenacity.stop_before_delay(self._options.deadline)(state):
            return True
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, NotSentError) and not self._connected:
            return state.attempt_number >= _TRIES_TO_CONNECT
        return isinstance(error, LostError) and state.attempt_number >= error.patience

    def _announce(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0.0
        reason = hide(str(error))
        if isinstance(error, BusyError):
            self._busy_until = max(self._busy_until, time.monotonic() + seconds)
        self._notify(f"{self.host}: {reason}; trying again in {seconds:.0f} s (attempt {state.attempt_number + 1})")

    def _hint(self, error: BackendError) -> str | None:
        if error.code == "unauthorized":
            return f"the key is from {self.credentials.source}; get a valid one from {key_page(self.server)}"
        if isinstance(error, BusyError):
            return f"run this again later, or allow longer waits with {DEADLINE_VARIABLE} (seconds)"
        if isinstance(error, LostError):
            return (
                f"run this again; for a slow server raise {TIMEOUT_VARIABLE} (seconds) or lower {PAGE_VARIABLE} (items)"
            )
        return None

    def _post(
        self, document: str, variables: Mapping[str, Any], what: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One attempt. Everything that httpx can raise becomes an error that says whether the request was sent."""
        if self._closed.wait(max(0.0, self._busy_until - time.monotonic())):
            raise BackendError("the connection was closed", code="closed")
        started = time.monotonic()
        try:
            response = self._http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise _not_connected(error) from None
        except httpx.TimeoutException:
            raise LostError(f"no answer within {self._options.timeout:g} s", code="timeout") from None
        except httpx.HTTPError as error:
            raise LostError(
                f"the connection broke: {clipped(str(error)) or type(error).__name__}", code="broken"
            ) from None
        self._connected = True
        elapsed, size = time.monotonic() - started, len(response.content)
        _log.debug("%s: %s: HTTP %s, %.0f ms, %d bytes", self.host, what, response.status_code, elapsed * 1000, size)
        return read_answer(response)

    def say(self, text: str) -> None:
        """Tell whoever is watching."""
        self._notify(f"{self.host}: {text}")

    def pause(self, seconds: float) -> None:
        """Wait, unless this is closed meanwhile."""
        self._closed.wait(seconds)

    def close(self) -> None:
        """Close the connections. Whoever waits for another attempt stops waiting."""
        self._closed.set()
        self._http.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.server})"


class WritingClient(ReadOnlyClient):
    """Sends queries and mutations."""

    _plan: Mapping[str, str] | None = None

    def announce(self, plan_digest: str, commit: str | None) -> None:
        """Send these with every mutation from now on, as headers."""
        self._plan = {PLAN_HEADER: plan_digest, **({COMMIT_HEADER: commit} if commit else {})}

    def write(self, document: str, variables: Mapping[str, Any], what: str) -> Answer:
        """Send mutations once, and wait only where it is certain that they were not carried out.

        Raises `NotSentError` or `BusyError` (not carried out, and the deadline is over), `LostError` (nobody knows), or
        another `BackendError` (refused).
        """
        return self._patiently(lambda: self._post(document, variables, what, self._plan), what, BusyError, NotSentError)


def _not_connected(error: httpx.TransportError) -> BackendError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            hint = (
                "if it is signed by your organization's own authority, set SSL_CERT_FILE to the file of that authority"
            )
            if "mismatch" in cause.verify_message:
                hint = "the certificate is for another name: write the server's address with the name that it is for"
            elif "expired" in cause.verify_message or "not yet valid" in cause.verify_message:
                hint = "check this machine's clock; else whoever runs the server has to renew it"
            return BackendError(
                f"TLS: the certificate is not trusted: {clipped(cause.verify_message)}", hint, code="tls"
            )
        if isinstance(cause, ssl.SSLError):
            return BackendError(
                f"TLS: {clipped(cause.reason or str(cause))}",
                "there is no TLS that regsync understands at this address; check host and port, and any proxy in between",
                code="tls",
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ProxyError):
        return BackendError(
            f"the proxy refuses: {clipped(str(error))}",
            "check HTTPS_PROXY and its user, or put the server into NO_PROXY",
            code="proxy",
        )
    reason = "no connection in time" if isinstance(error, httpx.TimeoutException) else clipped(str(error))
    return NotSentError(
        f"cannot be reached: {reason or type(error).__name__}",
        "check the URL, the network, and HTTPS_PROXY where one is needed",
        code="unreachable",
    )
