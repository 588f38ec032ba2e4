"""What comes back for a GraphQL request: data, errors, or an error of ours that says why there is neither."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, TypeVar

import httpx

from regsync.backends.base import BackendError
from regsync.hiding import hide
from regsync.slots import NamedTuple, dataclass

Json = dict[str, Any]

SHOWN = 300
"""Characters of a server's own text that a message repeats."""


class Fault(NamedTuple):
    """One entry of `errors`. `field` is the first step of its path: the name of the top-level field, None for the whole.

    `steps`: the names in the path; numbers of items are left out."""

    message: str
    field: str | None
    code: str
    steps: frozenset[str] = frozenset()


_UNSURE_CODES = frozenset({"INTERNAL_ERROR", "INTERNAL_SERVER_ERROR", "STORAGE_ERROR", "UNAVAILABLE", "TIMEOUT"})


def is_unsure(fault: Fault) -> bool:
    """Whether a refusal does not say that nothing was done: the server itself failed."""
    return fault.code.upper() in _UNSURE_CODES


@dataclass(frozen=True, slots=True)
class Answer:
    """A GraphQL answer. `data` None: nothing was executed, or nothing of it can be told.

    `began`: the answer has an entry `data`, so that the document was executed, at least in part (GraphQL, "Response Format").
    """

    status: int
    data: Json | None
    faults: tuple[Fault, ...]
    began: bool = True

    @property
    def refused_whole(self) -> bool:
        """Whether the document itself was refused, as far as its errors tell. For what only reads, that is enough."""
        return not self.data and bool(self.faults) and all(fault.field is None for fault in self.faults)

    @property
    def not_executed(self) -> bool:
        """Whether it is certain that nothing of the document was executed. What writes must ask this."""
        refused = httpx.codes.is_client_error(self.status) or not self.began
        return self.refused_whole and refused and not any(is_unsure(fault) for fault in self.faults)


class DocumentRefusedError(BackendError):
    """The server does not take this document: it does not know a field, or it is too large. Nothing was executed."""


class DeniedError(BackendError):
    """The key is good, and some fields are not shown to it. `steps`: the names on the way to them."""

    steps: frozenset[str] = frozenset()


class PartialAnswerError(BackendError):
    """Some fields of an answer failed. Nothing is concluded from the others."""


class NotSentError(BackendError):
    """No connection could be made, so nothing was sent."""


class BusyError(BackendError):
    """The server asked to wait (429) and nothing was executed. `after`: seconds, where it said so."""

    after: float | None = None


class LostError(BackendError):
    """The request was sent, and no answer that could be read came back. It may have been carried out."""

    patience = 100
    """How many attempts are worth it."""


def read_answer(response: httpx.Response) -> Answer:
    """The GraphQL answer in an HTTP response. Raises one of the errors above, or a plain `BackendError` that no retry would cure."""
    body = _graphql_body(response)
    status = response.status_code
    if status == httpx.codes.UNAUTHORIZED and not _has_fields(body):
        raise _key_refused(body)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        busy = BusyError(f"the server asks to wait (HTTP {status}{_reason(body)})", code="busy")
        busy.after = _wait_asked(response.headers)
        raise busy
    unclear = status in (httpx.codes.REQUEST_TIMEOUT, httpx.codes.CONFLICT) and not _has_fields(body)
    if status >= 500 or unclear:
        raise LostError(f"HTTP {status}{_reason(body) or _page(response)}", code="server-error")
    if body is None:
        raise _not_graphql(response)
    return Answer(status, body.get("data"), _faults(body), "data" in body)


_DENIALS = frozenset({"UNAUTHENTICATED", "UNAUTHORIZED", "FORBIDDEN", "PERMISSION_ERROR"})


def denied_steps(answer: Answer) -> frozenset[str]:
    """The names on the way to what is denied; empty where anything else went wrong as well."""
    all_denied = all(
        fault.steps
        and (
            answer.status == httpx.codes.UNAUTHORIZED
            or fault.code.upper() in _DENIALS
            or _asks_to_log_in(fault.message)
        )
        for fault in answer.faults
    )
    return frozenset().union(*(fault.steps for fault in answer.faults)) if all_denied else frozenset()


def _asks_to_log_in(message: str) -> bool:
    return "relogin" in message.replace("-", "").replace(" ", "").lower()


def _key_refused(body: Json | None) -> BackendError:
    if body and any(_asks_to_log_in(fault.message) for fault in _faults(body)):
        return BackendError(
            f"the server wants its user to log in again{_reason(body)}",
            "log in to the web app once with the key's account, then run this again; a service account's key cannot do that: "
            "use a person's key, or ask whoever runs the server",
            code="relogin",
        )
    return BackendError("the server does not accept the API key", code="unauthorized")


def _has_fields(body: Json | None) -> bool:
    """Whether an answer tells of single fields, so that it says itself what was done and what was not."""
    return body is not None and (bool(body.get("data")) or any(fault.field for fault in _faults(body)))


def _graphql_body(response: httpx.Response) -> Json | None:
    """The body, if it is a GraphQL answer."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    data, errors = body.get("data"), body.get("errors")
    has_data, has_errors = isinstance(data, dict), isinstance(errors, list) and bool(errors)
    if not (has_data or has_errors) or (data is not None and not has_data):
        return None
    return body


def _faults(body: Json) -> tuple[Fault, ...]:
    return tuple(_fault(error) for error in body.get("errors") or ())


def _fault(error: object) -> Fault:
    if not isinstance(error, dict):
        return Fault(clipped(str(error)), None, "")
    path, extensions = error.get("path"), error.get("extensions")
    code = str(extensions.get("code") or "") if isinstance(extensions, dict) else ""
    field = path[0] if isinstance(path, list) and path and isinstance(path[0], str) else None
    steps = frozenset(each for each in path if isinstance(each, str)) if isinstance(path, list) else frozenset[str]()
    return Fault(clipped(str(error.get("message") or "no reason given")), field, code, steps)


def clipped(text: str) -> str:
    """One line of a server's text, not too long, and without keys."""
    line = " ".join(hide(text).split())
    return line if len(line) <= SHOWN else line[:SHOWN] + "…"


def _reason(body: Json | None) -> str:
    faults = _faults(body) if body else ()
    return f": {faults[0].message}" if faults else ""


def _page(response: httpx.Response) -> str:
    """What a page for people says it is."""
    title = re.search(rb"<title[^>]*>(.*?)</title>", response.content[:100_000], re.IGNORECASE | re.DOTALL)
    return f": a page titled {clipped(title[1].decode('utf-8', 'replace'))!r}" if title else ""


def _wait_asked(headers: httpx.Headers) -> float | None:
    """Seconds, from `Retry-After` (seconds or a date) or `RateLimit-Reset` (seconds); the longer of the two."""
    found = [_seconds(headers.get(name)) for name in ("retry-after", "ratelimit-reset")]
    return max((seconds for seconds in found if seconds is not None), default=None)


def _seconds(text: str | None) -> float | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(seconds, 0.0) if isfinite(seconds) else None


def _not_graphql(response: httpx.Response) -> BackendError:
    """The error for an answer that no GraphQL server gives."""
    status = response.status_code
    location = response.headers.get("location")
    if response.is_redirect and location:
        return BackendError(
            f"the server sends us elsewhere (HTTP {status} to {clipped(str(httpx.URL(location).copy_with(query=None)))})",
            "the key is sent to no other address; if that one is right, give it as --backend wandb:URL",
            code="redirect",
        )
    kind = response.headers.get("content-type", "").partition(";")[0].strip() or "no content type"
    what = f"the answer is not W&B's API: HTTP {status}, {kind}{_page(response)}"
    hint = (
        "check the URL: it is the API's address (https://api.wandb.ai); a proxy or a login page may answer in its place"
    )
    if response.is_success:
        lost = LostError(what, hint, code="not-the-api")
        lost.patience = 3
        return lost
    return BackendError(what, hint, code="not-the-api")


@contextmanager
def well_formed(what: str) -> Iterator[None]:
    """Raise `BackendError` where an answer lacks something that the API promises, in place of a Python error."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BackendError(
            f"{what}: the answer is not of the form that the API promises ({type(error).__name__}: {clipped(str(error))})",
            "nothing is concluded from it; run this again, and report it if it happens again",
            code="malformed-answer",
        ) from error


def text(node: Json, field: str) -> str:
    """A text that the answer must have: nothing may be taken for absent because its name is. Raises `TypeError`, `KeyError`."""
    value = node[field]
    if not isinstance(value, str):
        raise TypeError(f"{field} is {value!r}")
    return value


def a_list(node: Json, field: str) -> list[Any]:
    """A list that the answer must have. Raises `TypeError`, `KeyError`."""
    value = node[field]
    if not isinstance(value, list):
        raise TypeError(f"{field} is {value!r}")
    return value


def texts(node: Json, field: str) -> list[str]:
    """A list of texts that the answer must have. Raises `TypeError`, `KeyError`."""
    value = a_list(node, field)
    if not all(isinstance(each, str) for each in value):
        raise TypeError(f"{field} is {value!r}")
    return value


def a_bool(node: Json, field: str) -> bool:
    """A truth value that the answer must have. Raises `TypeError`, `KeyError`."""
    value = node[field]
    if not isinstance(value, bool):
        raise TypeError(f"{field} is {value!r}")
    return value


_T = TypeVar("_T", str, int)


def maybe(node: Json, field: str, kind: type[_T]) -> _T | None:
    """A value that the answer may leave out or null; anything else must be of its kind. Raises `TypeError`."""
    value = node.get(field)
    if value is None or type(value) is kind:
        return value
    raise TypeError(f"{field} is {value!r}")
