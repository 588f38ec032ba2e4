"""Servers that public knowledge admits and ours is not: ours behind a proxy, with a switch for each way in which a real one differs.

Sources: `docs/wandb.md`. Each switch refuses a request, asks our server something else, or changes its answer, so what is behind
stays true and is read from its file. Switches go together.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.backends.wandb.wire import Forward, Relay, Request, Response, as_json, relay
from tests.backends.wandb.worlds import Work, served, write_world

Json = dict[str, Any]
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
_OWN_LIST = re.compile(r"project\([^)]*\) { artifactCollections")


@dataclass(slots=True, kw_only=True)
class Server:
    """What the server does. By default, what ours does."""

    # What it knows
    lacks: tuple[str, ...] = ()
    """Fields that its schema does not have, mutations included."""
    silent_on: tuple[str, ...] = ()
    """Beginnings of the names of features that it does not announce."""
    own_lists: bool = True
    """Whether a registry lists its own collections."""
    users_in_pages: bool = True

    # What it takes at once
    one_mutation: bool = False
    """A document with several mutations is refused."""
    most_fields: int | None = None
    """A longer document is refused."""
    largest_page: int | None = None
    """A longer page is refused with the document; or, `pages_fail`, is an error with a `path`."""
    pages_fail: bool = False

    # What it shows to this key
    denies: tuple[str, ...] = ()
    """Fields that come as null, with HTTP 401 beside all others."""
    null_nodes: bool = False
    """Lists of registries and collections begin with a node that the key may not see."""
    nulls: tuple[str, ...] = ()
    """So does each list of these names, wherever it is."""
    places: bool = True
    """Whether collections and links tell which registry they are in."""
    counts_hidden: bool = False
    """`totalCount` of a search counts one more than the key sees."""
    counts_own: bool = False
    """The same of the lists of registries themselves."""

    # What its searches find
    shows: Callable[[str, Json], bool] = lambda _kind, _node: True
    """Which nodes a search by a filter shows; unfiltered lists and look-ups show all."""
    lags: bool = False
    """Searches by a filter go on showing what they showed first."""

    # What its edits do
    null_is_unchanged: bool = False
    """A null in an input means "as it is", as where the server's language cannot tell it from nothing."""
    refuses: tuple[str, ...] = ()
    """Mutations that are not carried out, with an error that has a `path`."""

    seen: list[Request] = field(default_factory=list)
    _shown: dict[str, Response] = field(default_factory=dict)

    def __call__(self, request: Request, forward: Forward) -> Response:
        self.seen.append(request)
        return self._refused(request) or (self._written if request.writes else self._read)(request, forward)

    # Refusing --------------------------------------------------------------------------------------------------------

    def _refused(self, request: Request) -> Response | None:
        document = request.document
        for each in self.lacks:
            if re.search(rf"\b{each}\b", document) or f'"{each}"' in request.body.decode():
                return _refusal(f'Cannot query field "{each}" on type "Some".')
        if not self.own_lists and _OWN_LIST.search(document):
            return _refusal('Cannot query field "artifactCollections" on type "Project".')
        if not self.users_in_pages and re.search(r"users\([^)]*after", document):
            return _refusal('Unknown argument "after" on field "Query.users".')
        if self.one_mutation and request.writes and "m1:" in document:
            return _refusal("operation is too complex")
        if self.most_fields is not None and f"p{self.most_fields}:" in document:
            return _refusal("operation has complexity 2000, which exceeds the limit of 1000", 422)
        return self._page_refused(request)

    def _page_refused(self, request: Request) -> Response | None:
        sizes = {name: value for name, value in request.variables.items() if name.endswith("first")}
        long = [name for name, value in sizes.items() if self.largest_page is not None and value > self.largest_page]
        if not long:
            return None
        if not self.pages_fail:
            return _refusal("operation has complexity 2000, which exceeds the limit of 1000", 422)
        path = ["organization", "orgEntity", long[0].removesuffix("_first")]
        error = {"message": "failed to load the page", "path": path}
        return as_json({"data": {"organization": {"orgEntity": None}}, "errors": [error]})

    # Writing ---------------------------------------------------------------------------------------------------------

    def _written(self, request: Request, forward: Forward) -> Response:
        refused = [name for name in self.refuses if re.search(rf": {name}\(", request.document)]
        if refused:
            return self._without(refused, request, forward)
        if not self.null_is_unchanged:
            return forward()
        given = {name: value for name, value in request.variables.items() if isinstance(value, dict)}
        for value in given.values():
            if value.get("description", "") is None:
                value["description"] = _description(value, forward)
        return forward(_body(request.document, request.variables | given))

    def _without(self, refused: Iterable[str], request: Request, forward: Forward) -> Response:
        """The mutations of a document one after the other, but for those that are refused."""
        data: Json = {}
        errors = []
        for alias, name, given, answer in re.findall(
            r"(m\d+): (\w+)\(input: (.*?)\) {(.*?)}(?= m\d+:| }$)", request.document
        ):
            if name in refused:
                data[alias] = None
                errors.append({"message": "not allowed to do this", "path": [alias]})
                continue
            variable = re.search(r"\$(\w+)", given)
            assert variable is not None
            declared = re.search(rf"\${variable[1]}: [\w!]+", request.document)
            assert declared is not None
            text = f"mutation Write({declared[0]}) {{ {alias}: {name}(input: {given}) {{{answer}}} }}"
            body = forward(_body(text, {variable[1]: request.variables[variable[1]]})).json
            data |= body.get("data") or {alias: None}
            errors += body.get("errors") or []
        return as_json({"data": data, **({"errors": errors} if errors else {})})

    # Reading ---------------------------------------------------------------------------------------------------------

    def _read(self, request: Request, forward: Forward) -> Response:
        key = json.dumps([request.document, request.variables], sort_keys=True)
        filtered = any(str(value).startswith("{") for value in request.variables.values())
        if self.lags and filtered and key in self._shown:
            return self._shown[key]
        answer = forward()
        if answer.status != 200:
            return answer
        body = answer.json
        data = body.get("data") or {}
        entity = (data.get("organization") or {}).get("orgEntity") or {}
        for name, found in entity.items():
            if isinstance(found, dict) and "edges" in found:
                self._search(request, name, found)
        for found in data.values():
            listed = found.get("artifactCollections") if isinstance(found, dict) else None
            if listed:
                listed["edges"] = [{"node": None}] * self.null_nodes + listed["edges"]
                listed["totalCount"] += self.counts_own
        self._hide(data)
        if features := (data.get("serverInfo") or {}).get("features"):
            data["serverInfo"]["features"] = [each for each in features if not each["name"].startswith(self.silent_on)]
        if paths := list(_blank(data, self.denies, [])):
            errors = [{"message": "user is not allowed to see this: relogin required", "path": path} for path in paths]
            return as_json({**body, "errors": errors}, 401)
        self._shown[key] = changed = as_json(body)
        return changed

    def _search(self, request: Request, name: str, found: Json) -> None:
        arguments = re.search(rf"\b{name}: \w+\(([^)]*)\)", request.document)
        used = re.findall(r"\$(\w+)", arguments[1]) if arguments else []
        if any(str(request.variables.get(variable)).startswith("{") for variable in used):
            kept = [edge for edge in found["edges"] if self.shows(name, edge["node"])]
            if found.get("totalCount") is not None:
                found["totalCount"] -= len(found["edges"]) - len(kept)
            found["edges"] = kept
        found["edges"] = [{"node": None}] * self.null_nodes + found["edges"]
        if found.get("totalCount") is not None:
            found["totalCount"] += self.counts_hidden

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


def _refusal(message: str, status: int = 400) -> Response:
    return as_json({"errors": [{"message": message}]}, status)


def _body(document: str, variables: Json) -> bytes:
    return json.dumps({"query": document, "variables": variables}).encode()


def _blank(value: Any, fields: Iterable[str], path: list[str | int]) -> Iterator[list[str | int]]:
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


def _description(given: Json, forward: Forward) -> Any:
    """What is there now."""
    if "artifactPortfolioID" in given:
        query = "query D($id: ID!) { artifactCollection(id: $id) { description } }"
        variables = {"id": given["artifactPortfolioID"]}
    else:
        query = "query D($n: String, $e: String) { project(name: $n, entityName: $e) { description } }"
        variables = {"n": given.get("name"), "e": given.get("entityName")}
    data = forward(_body(query, variables)).json["data"]
    return next((each["description"] for each in data.values() if each), None)


# Some of them by name ------------------------------------------------------------------------------------------------


def lacking(fields: Iterable[str], features: Iterable[str] = ()) -> Server:
    """A server whose schema lacks some fields, mutations included, and that does not announce some features."""
    return Server(lacks=tuple(fields), silent_on=tuple(features))


def like_wandb(*more: str) -> Server:
    """Without what only the project's own server has; and without `more`."""
    return lacking([*OWN_FIELDS, *more], ["REGSYNC_"])


def denying(*fields: str) -> Server:
    """A server that answers HTTP 401 with everything but some fields, because this kind of key may not see them."""
    return Server(denies=fields)


def small_documents() -> Server:
    """A server that takes three fields a document, and pages of at most 100."""
    return Server(most_fields=3, largest_page=100)


def some_of(seed: int) -> Callable[[str, Json], bool]:
    """A search that shows any subset of what is there, the same one each time."""

    def shows(_kind: str, node: Json) -> bool:
        return random.Random(f"{seed} {json.dumps(node, sort_keys=True)}").random() < 0.5

    return shows


def nothing(_kind: str, _node: Json) -> bool:
    """A filter that the server does not understand, and answers with an empty list."""
    return False


@contextmanager
def admitted(folder: Path, seed: Json) -> Iterator[tuple[Work, Server, Path, Relay]]:
    """A registry file, our server over it, and the other server in front of that."""
    file = write_world(folder / "registry.db", seed)
    with served(file) as url, relay(url) as between:
        server = Server()
        between.reset(server)
        yield Work(folder, between.url), server, file, between
