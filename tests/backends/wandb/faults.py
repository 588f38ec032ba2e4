"""Everything that can go wrong between two machines, one function each. The server is real; the exchange is not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.backends.wandb.wire import DROPPED, Behaviour, Forward, Request, Response, as_json

Json = dict[str, Any]
Fault = Callable[[Request, Forward], Response]
SLOW = 1.0
"""Seconds: longer than the tests' timeout."""
PAGE = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


def dropped(request: Request, forward: Forward) -> Response:
    """The connection ends before the server has read the request."""
    return DROPPED


def answer_dropped(request: Request, forward: Forward) -> Response:
    """The server carries it out, and the connection ends before the answer."""
    forward()
    return DROPPED


def answer_cut(request: Request, forward: Forward) -> Response:
    """The server carries it out, and the connection ends in the middle of the answer."""
    answer = forward()
    return Response(answer.status, answer.body, answer.headers, cut=len(answer.body) // 2)


def slow(request: Request, forward: Forward) -> Response:
    """Nothing happens for longer than anybody waits."""
    time.sleep(SLOW)
    return DROPPED


def answer_slow(request: Request, forward: Forward) -> Response:
    """The server carries it out, and the answer comes when nobody waits any more."""
    answer = forward()
    time.sleep(SLOW)
    return answer


def twice(request: Request, forward: Forward) -> Response:
    """Something in between sends it once more; the answer is that to the second."""
    forward()
    return forward()


def twice_first_answer(request: Request, forward: Forward) -> Response:
    """Something in between sends it once more; the answer is that to the first."""
    answer = forward()
    forward()
    return answer


def twice_dropped(request: Request, forward: Forward) -> Response:
    """Something in between sends it once more, and no answer arrives."""
    forward()
    return answer_dropped(request, forward)


def busy(request: Request, forward: Forward) -> Response:
    """Rate limited, with a time to wait."""
    return as_json(
        {"errors": [{"message": "rate limit exceeded"}]}, 429, **{"RateLimit-Reset": "0", "Retry-After": "0"}
    )


def conflict(request: Request, forward: Forward) -> Response:
    """A conflict, as W&B answers to links at the same time."""
    return as_json({"errors": [{"message": "duplicate membership version"}], "data": None}, 409)


def internal_error(request: Request, forward: Forward) -> Response:
    """A 500 before anything was done."""
    return as_json({"errors": [{"message": "internal server error"}], "data": None}, 500)


def answer_internal_error(request: Request, forward: Forward) -> Response:
    """A 500 after everything was done."""
    forward()
    return as_json({"errors": [{"message": "internal server error"}], "data": None}, 500)


def bad_gateway(request: Request, forward: Forward) -> Response:
    """A proxy's page for people, status 502."""
    return Response(502, PAGE, {"Content-Type": "text/html"})


def answer_page(request: Request, forward: Forward) -> Response:
    """The server carries it out; a page comes back, status 200."""
    forward()
    return Response(200, PAGE, {"Content-Type": "text/html"})


def garbage(request: Request, forward: Forward) -> Response:
    """Something that is not JSON, status 200, and nothing was done."""
    return Response(200, b'{"data": {"viewer": ', {"Content-Type": "application/json"})


def answer_partial(request: Request, forward: Forward) -> Response:
    """The server carries all of it out, and then says that one field failed."""
    answer = forward().json
    data = answer.get("data") or {}
    if not data:
        return as_json(answer)
    name = sorted(data)[-1]
    error = {"message": "context deadline exceeded", "path": [name], "extensions": {"code": "SOMETHING"}}
    return as_json({"errors": [error], "data": {**data, name: None}})


def answer_null(request: Request, forward: Forward) -> Response:
    """The server carries all of it out; one field that cannot be null failed afterwards, so all of the data is null."""
    answer = forward().json
    name = min(answer.get("data") or {"x": None})
    return as_json({"errors": [{"message": "cannot return null", "path": [name, "success"]}], "data": None})


def wrong_key(request: Request, forward: Forward) -> Response:
    """The key is not accepted any more, and the answer repeats it."""
    message = f"invalid credentials {request.headers.get('authorization')}"
    return as_json({"errors": [{"message": message}], "data": None}, 401)


def forbidden_page(request: Request, forward: Forward) -> Response:
    """A proxy that does not let us through, and repeats what it was sent."""
    body = f"<html><title>403 Forbidden</title>{request.headers.get('authorization')}</html>".encode()
    return Response(403, body, {"Content-Type": "text/html"})


def redirect(request: Request, forward: Forward) -> Response:
    """To another host."""
    return Response(307, b"", {"Location": "http://127.0.0.1:9/graphql?x=1"})


def endless(request: Request, forward: Forward) -> Response:
    """Every list announces one more page, and gives the same one again."""
    return _one_more(request, forward, "the same")


def endless_and_new(request: Request, forward: Forward) -> Response:
    """Every list announces one more page, each time another one."""
    return _one_more(request, forward, f"cursor {request.number}")


def _one_more(request: Request, forward: Forward, cursor: str) -> Response:
    from_the_start = {name: None if name.endswith("_after") else value for name, value in request.variables.items()}
    answer = forward(json.dumps({"query": request.document, "variables": from_the_start}).encode()).json
    for page in _pages(answer):
        page.update(hasNextPage=True, endCursor=cursor)
    return as_json(answer)


def _pages(value: Any) -> list[Json]:
    if isinstance(value, dict):
        found = [value["pageInfo"]] if isinstance(value.get("pageInfo"), dict) else []
        return found + [page for each in value.values() for page in _pages(each)]
    return [page for each in value for page in _pages(each)] if isinstance(value, list) else []


PASSING: list[Fault] = [
    dropped,
    answer_dropped,
    answer_cut,
    slow,
    answer_slow,
    busy,
    conflict,
    internal_error,
    answer_internal_error,
    bad_gateway,
    answer_page,
    garbage,
]
"""Faults that go away when one tries again, or looks."""
REPEATED: list[Fault] = [twice, twice_first_answer, twice_dropped]
"""Requests that something in between delivers twice."""
LASTING: list[Fault] = [answer_partial, answer_null, wrong_key, forbidden_page, redirect, endless]
"""Faults that end a command, wherever they are met while reading."""


def once(fault: Fault, number: int) -> Behaviour:
    """That fault at the request of that number only."""

    def behave(request: Request, forward: Forward) -> Response:
        return fault(request, forward) if request.number == number else forward()

    return behave


def from_then_on(fault: Fault, number: int) -> Behaviour:
    """That fault at the request of that number and at every later one."""

    def behave(request: Request, forward: Forward) -> Response:
        return fault(request, forward) if request.number >= number else forward()

    return behave


def is_secret_in(text: str, secrets: list[str]) -> bool:
    """Whether any of the secrets is in a text, or in its JSON form."""
    return any(secret in text or secret in json.dumps(text) for secret in secrets)
