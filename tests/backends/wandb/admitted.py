"""Servers that public knowledge of W&B admits: the project's own one, behind a relay that behaves as a real one may.

Each function makes a behaviour for `Relay.reset`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.backends.wandb.wire import Behaviour, Forward, Request, Response, as_json

Json = dict[str, Any]


def in_finds_nothing() -> Behaviour:
    """`$in` is no documented operator: a list filtered by it is empty."""
    return _changing_lists(lambda request, _: "$in" not in request.body.decode())


def searches_show(shown: Callable[[str], bool]) -> Behaviour:
    """Searches for registries, collections and links show only what is in the registries and collections of some names."""
    return _changing_lists(lambda _, node: all(shown(name) for name in _names(node)))


def index_lags(requests: int) -> Behaviour:
    """Searches find nothing of a new thing until it has been there for that many requests."""
    seen: dict[str, int] = {}

    def is_shown(request: Request, node: Json) -> bool:
        return all(request.number >= seen.setdefault(name, request.number) + requests for name in _names(node))

    return _changing_lists(is_shown)


def refuses_pages_over(size: int) -> Behaviour:
    """A resolver that fails on a large page: an error with a path, beside the data of the others."""

    def behave(request: Request, forward: Forward) -> Response:
        large = [name for name, value in request.variables.items() if name.endswith("_first") and value > size]
        answer = forward()
        data = answer.json.get("data")
        if not large or not data or "organization" not in data:
            return answer
        field = large[0].removesuffix("_first")
        data["organization"]["orgEntity"][field] = None
        error = {"message": "context deadline exceeded", "path": ["organization", "orgEntity", field]}
        return as_json({"data": data, "errors": [error]})

    return behave


def _changing_lists(is_shown: Callable[[Request, Json], bool]) -> Behaviour:
    """Takes nodes out of the lists of an organization, and counts only what is left."""

    def behave(request: Request, forward: Forward) -> Response:
        answer = forward()
        if request.writes or answer.status != 200:
            return answer
        body = json.loads(answer.body)
        organization = (body.get("data") or {}).get("organization") or {}
        for field in (organization.get("orgEntity") or {}).values():
            if not isinstance(field, dict) or "edges" not in field:
                continue
            before = len(field["edges"])
            field["edges"] = [edge for edge in field["edges"] if is_shown(request, edge["node"])]
            if "totalCount" in field:
                field["totalCount"] -= before - len(field["edges"])
        return as_json(body)

    return behave


def _names(node: Json) -> list[str]:
    """The registry and the collection that a node of a list is in, or is."""
    where = node.get("artifactCollection") or node
    project = where.get("project")
    return [where["name"]] if project is None else [project["name"], f"{project['name']}/{where['name']}"]


def null_nodes(name: str) -> Behaviour:
    """Lists have a null in place of a registry or a collection of that name, and count it; so do exact look-ups."""

    def behave(request: Request, forward: Forward) -> Response:
        body = forward().json
        data = body.get("data") or {}
        for field in ((data.get("organization") or {}).get("orgEntity") or {}).values():
            for edge in field.get("edges", ()) if isinstance(field, dict) else ():
                if edge["node"].get("name") == name:
                    edge["node"] = None
        for field, place in data.items():
            if isinstance(place, dict) and field.startswith("p"):
                hidden = {
                    key: None for key, each in place.items() if isinstance(each, dict) and each.get("name") == name
                }
                data[field] = None if place.get("name") == name else place | hidden
        return as_json(body)

    return behave
