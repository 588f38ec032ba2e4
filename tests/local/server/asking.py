"""Asking a server directly, for what the client does not do."""

from __future__ import annotations

from typing import Any

import httpx

from tests.interop.worlds import api_key


def ask(url: str, user: str, document: str, **variables: Any) -> dict[str, Any]:
    """The body of the answer to a GraphQL document, whatever its status."""
    body: dict[str, Any] = post(url, user, document, **variables).json()
    return body


def post_as(url: str, key: str, document: str) -> dict[str, Any]:
    """The body of the answer to whoever has that key."""
    body: dict[str, Any] = httpx.post(f"{url}/graphql", json={"query": document}, auth=("api", key), timeout=60).json()
    return body


def post(url: str, user: str, document: str, **variables: Any) -> httpx.Response:
    """The answer to a GraphQL document."""
    question = {"query": document, "variables": variables}
    return httpx.post(f"{url}/graphql", json=question, auth=("api", api_key(user)), timeout=60)
