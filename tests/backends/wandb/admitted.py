"""Servers that public knowledge admits and ours is not: one relay, with a switch for each way in which a real one may differ.

Sources: `docs/wandb.md`. Each switch changes answers of the real server (or asks it something else), so what is behind stays
true, and is read from its file.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.backends.wandb.wire import Forward, Relay, Request, Response, as_json, relay
from tests.backends.wandb.worlds import Work, served, write_world

Json = dict[str, Any]
SEARCHES = ("projects", "artifactCollections", "artifactMemberships")
Node = Json | None


@dataclass(slots=True)
class Admitted:
    """What the server does. By default, what ours does."""

    shows: Callable[[str, Json], bool] = lambda _kind, _node: True
    """Which nodes a filtered search shows; unfiltered lists and look-ups show all."""
    largest_page: int | None = None
    """A longer page is an error with a `path`."""
    null_nodes: bool = False
    """Every list begins with a node that the key may not see."""
    nulls: tuple[str, ...] = ()
    """Each list of these names, wherever it is, begins with such a node."""
    places: bool = True
    """Whether collections and links tell which registry they are in."""
    counts_hidden: bool = False
    """`totalCount` counts one more than the key sees."""
    counts_own: bool = False
    """The same of the lists of registries themselves."""
    own_lists: bool = True
    """Whether a registry lists its own collections."""
    lags: bool = False
    """Searches by a filter go on showing what they showed first."""
    seen: list[Request] = field(default_factory=list)
    _shown: dict[str, Response] = field(default_factory=dict)

    def __call__(self, request: Request, forward: Forward) -> Response:
        self.seen.append(request)
        if refused := self._refused(request):
            return refused
        key = json.dumps([request.document, request.variables], sort_keys=True)
        if self.lags and not request.writes and "orgEntity {" in request.document and key in self._shown:
            return self._shown[key]
        answer = forward()
        if request.writes or answer.status != 200:
            return answer
        body = answer.json
        entity = ((body.get("data") or {}).get("organization") or {}).get("orgEntity") or {}
        for name, found in entity.items():
            if isinstance(found, dict) and "edges" in found:
                self._change(request, name, found)
        for found in (body.get("data") or {}).values():
            listed = found.get("artifactCollections") if isinstance(found, dict) else None
            if listed and self.null_nodes:
                listed["edges"] = [{"node": None}, *listed["edges"]]
            if listed and self.counts_own:
                listed["totalCount"] += 1
        self._hide(body.get("data"))
        self._shown[key] = changed = as_json(body)
        return changed

    def _hide(self, value: Any) -> None:
        """Put nulls where the key may see nothing."""
        for each in value if isinstance(value, list) else ():
            self._hide(each)
        for name, each in value.items() if isinstance(value, dict) else ():
            if name in self.nulls and isinstance(each, dict) and "edges" in each:
                each["edges"] = [{"node": None}, *each["edges"]]
            if name == "project" and not self.places and value.get("__typename") != "ArtifactSequence":
                value[name] = None
            self._hide(value[name])

    def _refused(self, request: Request) -> Response | None:
        if not self.own_lists and re.search(r"project\([^)]*\) { artifactCollections", request.document):
            return as_json(
                {"errors": [{"message": 'Cannot query field "artifactCollections" on type "Project".'}]}, 400
            )
        sizes = {name: value for name, value in request.variables.items() if name.endswith("_first")}
        for name, value in sizes.items():
            if self.largest_page is not None and value > self.largest_page:
                path: list[str] = ["organization", "orgEntity", name.removesuffix("_first")]
                error = {"message": "failed to load the page", "path": path}
                return as_json({"data": {"organization": {"orgEntity": None}}, "errors": [error]})
        return None

    def _change(self, request: Request, name: str, found: Json) -> None:
        arguments = re.search(rf"\b{name}: \w+\(([^)]*)\)", request.document)
        used = re.findall(r"\$(\w+)", arguments[1]) if arguments else []
        filtered = any(str(request.variables.get(variable)).startswith("{") for variable in used)
        if filtered:
            kept = [edge for edge in found["edges"] if self.shows(name, edge["node"])]
            if found.get("totalCount") is not None:
                found["totalCount"] -= len(found["edges"]) - len(kept)
            found["edges"] = kept
        if self.null_nodes:
            found["edges"] = [{"node": None}, *found["edges"]]
        if self.counts_hidden and found.get("totalCount") is not None:
            found["totalCount"] += 1


def some_of(seed: int) -> Callable[[str, Json], bool]:
    """Shows any subset of what is there, the same one each time."""

    def shows(_kind: str, node: Json) -> bool:
        return random.Random(f"{seed} {json.dumps(node, sort_keys=True)}").random() < 0.5

    return shows


def nothing(_kind: str, _node: Json) -> bool:
    """A filter that the server does not understand, and answers with an empty list."""
    return False


@contextmanager
def admitted(folder: Path, seed: Json) -> Iterator[tuple[Work, Admitted, Path, Relay]]:
    """A registry file, our server over it, and the other server in front of that."""
    file = write_world(folder / "registry.db", seed)
    with served(file) as url, relay(url) as between:
        server = Admitted()
        between.reset(server)
        yield Work(folder, between.url), server, file, between
