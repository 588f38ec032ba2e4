"""Servers that are older than the project's own, or that leave out what only it has: the same one, behind a relay that refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from tests.backends.wandb.wire import Behaviour, Forward, Request, Response, as_json

OWN_FIELDS = ("nextVersionIndex", "protectedAliases", "regsyncInstanceId")
"""What W&B does not have."""
OLD_FIELDS = (
    *OWN_FIELDS,
    "features",
    "allowAllArtifactTypesInRegistry",
    "artifactCollectionMembership",
    "organizations",
    "readOnly",
    "commitHash",
)


def lacking(fields: Iterable[str], features: Iterable[str] = ()) -> Behaviour:
    """A server whose schema lacks some fields, mutations included, and that does not announce some features."""
    unknown, hidden = tuple(fields), tuple(features)

    def behave(request: Request, forward: Forward) -> Response:
        for field in unknown:
            if re.search(rf"\b{field}\b", request.document) or f'"{field}"' in request.body.decode():
                return as_json({"errors": [{"message": f'Cannot query field "{field}" on type "Some".'}]}, 400)
        answer = forward()
        if "serverInfo" not in request.document or answer.status != 200:
            return answer
        body = answer.json
        info = body["data"]["serverInfo"]
        if "features" in info:
            info["features"] = [each for each in info["features"] if not each["name"].startswith(hidden or "-")]
        return as_json(body)

    return behave


def like_wandb(*more: str) -> Behaviour:
    """Without what only the project's own server has; and without `more`."""
    return lacking([*OWN_FIELDS, *more], ["REGSYNC_"])


def single_mutations(request: Request, forward: Forward) -> Response:
    """A server that takes one mutation a document."""
    if request.writes and "m1:" in request.document:
        return as_json({"errors": [{"message": "operation is too complex"}]}, 400)
    return forward()


def users_in_one_answer(request: Request, forward: Forward) -> Response:
    """A server whose list of users has no pages."""
    if re.search(r"users\([^)]*after", request.document):
        return as_json({"errors": [{"message": 'Unknown argument "after" on field "Query.users".'}]}, 400)
    return forward()


def small_documents(request: Request, forward: Forward) -> Response:
    """A server that takes three fields a document, and pages of at most 100."""
    first = [value for name, value in request.variables.items() if name.endswith("_first")]
    if "p3:" in request.document or any(size > 100 for size in first):
        return as_json({"errors": [{"message": "operation has complexity 2000, which exceeds the limit of 1000"}]}, 422)
    return forward()


def small_pages(request: Request, forward: Forward) -> Response:
    """A server that takes pages of at most 100."""
    if any(type(value) is int and value > 100 for name, value in request.variables.items() if name.endswith("first")):
        return as_json({"errors": [{"message": "operation has complexity 2000, which exceeds the limit of 1000"}]}, 422)
    return forward()


def denying(*fields: str) -> Behaviour:
    """A server that answers HTTP 401 with everything but some fields, because this kind of key may not see them."""

    def behave(request: Request, forward: Forward) -> Response:
        answer = forward()
        body = answer.json
        paths = list(_blank(body.get("data"), fields, []))
        if not paths:
            return answer
        errors = [{"message": "user is not allowed to see this: relogin required", "path": path} for path in paths]
        return as_json({**body, "errors": errors}, 401)

    return behave


def _blank(value: Any, fields: Iterable[str], path: list[str | int]) -> Iterable[list[str | int]]:
    """Make some fields null; the paths of what was there."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _blank(each, fields, [*path, number])
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in fields:
                value[name] = None
                yield [*path, name]
            else:
                yield from _blank(each, fields, [*path, name])


def null_is_unchanged(request: Request, forward: Forward) -> Response:
    """A server that takes a null in an input for "as it is", as one does whose language cannot tell it from nothing."""
    if not request.writes:
        return forward()
    given = {name: value for name, value in request.variables.items() if isinstance(value, dict)}
    cleared = {name: value for name, value in given.items() if "description" in value and value["description"] is None}
    for value in cleared.values():
        value["description"] = _description(value, request, forward)
    return forward(json.dumps({"query": request.document, "variables": request.variables | given}).encode())


def _description(given: dict[str, Any], request: Request, forward: Forward) -> Any:
    """What is there now."""
    if "artifactPortfolioID" in given:
        query, variables = (
            "query D($id: ID!) { artifactCollection(id: $id) { description } }",
            {"id": given["artifactPortfolioID"]},
        )
    else:
        query = "query D($n: String, $e: String) { project(name: $n, entityName: $e) { description } }"
        variables = {"n": given.get("name"), "e": given.get("entityName")}
    data = forward(json.dumps({"query": query, "variables": variables}).encode()).json["data"]
    return next((each["description"] for each in data.values() if each), None)
