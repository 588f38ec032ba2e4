"""Where a version came from and who used it, and the contents of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from regsync.local.changing.change import Place
from regsync.local.pages.reading import PAGE, Page
from regsync.local.store import artifacts, collections, contents, links, projects
from regsync.local.store.access import missing, readable_entities
from regsync.local.store.artifacts import Version
from regsync.local.store.database import Transaction
from regsync.local.store.errors import NotFound
from regsync.local.store.projects import Run

DRAWN = 5
"""Boxes above each other in the picture; the lists beside it have more."""
LETTERS = 22


class Download(NamedTuple):
    """The content of a file, or the file that holds it, and the name to save it under."""

    content: bytes | Path
    name: str


class Box(NamedTuple):
    """A box of the picture: its place in it, and what stands in it."""

    x: int
    y: int
    text: str
    kind: str


def lineage(tx: Transaction, organization: str, name: str, asked: Mapping[str, str]) -> Page:
    """The run that made a version, what that run used, and the runs that used the version: as lists and as a picture."""
    registry = Place(organization, name).get(tx)
    collection = collections.get(tx, registry, asked.get("collection", ""))
    link = links.get(tx, collection, asked.get("version", ""))
    version = artifacts.by_id(tx, link.artifact_id)
    run = _maker(tx, version)
    made_by = None if run is None else f"{projects.by_id(tx, run.project_id)}/{run.name}"
    inputs = [] if run is None else _inputs(tx, run)
    readers = _readers(tx, version)
    columns = [inputs, [made_by] if made_by else [], [f"{collection.name}:v{link.index}"], readers[:PAGE]]
    return Page(
        "lineage.jinja",
        {
            "registry": registry,
            "collection": collection,
            "link": link,
            "made_by": made_by,
            "inputs": inputs,
            "readers": readers[:PAGE],
            "more": len(readers) > PAGE,
            "boxes": [box for place, column in enumerate(columns) for box in _boxes(place, column)],
            "arrows": [200 * place - 10 for place in (1, 2, 3) if columns[place - 1] and columns[place]],
            "height": 44 * max(1, *(min(len(column), DRAWN) for column in columns)),
        },
    )


def download(tx: Transaction, organization: str, name: str, asked: Mapping[str, str]) -> Download:
    """A file of a version. Raises `NotFound`, and `Forbidden` to a restricted viewer."""
    registry = Place(organization, name).get(tx)
    collection = collections.get(tx, registry, asked.get("collection", ""))
    link = links.get(tx, collection, asked.get("version", ""))
    version = artifacts.by_id(tx, link.artifact_id)
    entry = artifacts.entry(tx, version, asked.get("path", ""))
    key = contents.find(tx, version.project_id, entry.content_md5 or "")
    found = None if key is None else contents.locate(tx, key)
    if found is None or (isinstance(found, Path) and not found.is_file()):
        missing(f"the content of file {entry.path!r}")
    return Download(found, entry.path.rpartition("/")[2])


def _maker(tx: Transaction, version: Version) -> Run | None:
    try:
        return None if version.run_id is None else projects.run_by_id(tx, version.run_id)
    except NotFound:
        return None


def _inputs(tx: Transaction, run: Run) -> list[str]:
    """What a run used, as far as the visitor sees it; by its name alone where they do not see where it was logged."""
    rows = tx.all("SELECT artifact_id FROM artifact_uses WHERE run_id = ? ORDER BY artifact_id LIMIT ?", run.id, PAGE)
    found = artifacts.by_ids(tx, [row["artifact_id"] for row in rows])
    return [artifacts.shown(tx, found[key]).removeprefix("artifact ") for key in sorted(found)]


def _readers(tx: Transaction, version: Version) -> list[str]:
    """The runs that used a version and that the visitor sees, newest first: at most one more than a page has."""
    readable = readable_entities(tx)
    rows = tx.all(
        """SELECT e.name || '/' || p.name || '/' || r.name AS name FROM artifact_uses u JOIN runs r ON r.id = u.run_id
           JOIN projects p ON p.id = r.project_id JOIN entities e ON e.id = p.entity_id
           WHERE u.artifact_id = ? AND (? OR p.entity_id IN (SELECT value FROM json_each(?)))
           ORDER BY r.id DESC LIMIT ?""",
        version.id,
        readable is None,
        json.dumps([*(readable or ())]),
        PAGE + 1,
    )
    return [row["name"] for row in rows]


def _boxes(column: int, names: list[str]) -> list[Box]:
    kind = "run" if column % 2 else "version"
    return [Box(column * 200, row * 44, _short(name), kind) for row, name in enumerate(names[:DRAWN])]


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else "…" + name[1 - LETTERS :]
