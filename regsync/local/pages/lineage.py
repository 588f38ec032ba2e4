"""Where a version came from and who used it, and the contents of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from regsync.local.pages.frame import source_url
from regsync.local.pages.paging import PAGE
from regsync.local.pages.reading import Page
from regsync.local.pages.versions import Shown
from regsync.local.store import artifacts, contents, projects, seen, uses
from regsync.local.store.access import missing
from regsync.local.store.artifacts import COMMITTED, Version
from regsync.local.store.database import Transaction
from regsync.local.store.errors import NotFound
from regsync.local.store.projects import Run
from regsync.slots import NamedTuple

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


def lineage(tx: Transaction, at: Shown, asked: Mapping[str, str]) -> Page:
    """The run that made a version, what that run used, and the runs that used the version: as lists and as a picture."""
    run = _maker(tx, at.version)
    made_by = None if run is None else f"{projects.by_id(tx, run.project_id)}/{run.name}"
    inputs = [] if run is None else _inputs(tx, run)
    readers = uses.names_of_runs(tx, at.version, PAGE + 1)
    columns = [inputs, [made_by] if made_by else [], [f"{at.collection.name}:{at.short}"], readers[:PAGE]]
    return Page(
        "lineage.jinja",
        {
            "at": at,
            "made_by": made_by,
            "inputs": inputs,
            "readers": readers[:PAGE],
            "more": len(readers) > PAGE,
            "boxes": [box for place, column in enumerate(columns) for box in _boxes(place, column)],
            "arrows": [200 * place - 10 for place in (1, 2, 3) if columns[place - 1] and columns[place]],
            "height": 44 * max(1, *(min(len(column), DRAWN) for column in columns)),
        },
    )


def run_page(tx: Transaction, entity: str, project: str, name: str) -> Page:
    """A run, at the address that W&B's client prints: what it made and used, and what it was told. What it logged, the client shows."""
    place = projects.get(tx, entity, project)
    run = projects.run(tx, place, name)
    return Page(
        "run.jinja",
        {
            "project": place,
            "run": run,
            "made": _linked(tx, uses.outputs(tx, run)),
            "used": _linked(tx, uses.inputs(tx, run)),
            "config": json.dumps(run.config, indent=2, ensure_ascii=False),
            "summary": json.dumps(run.summary, indent=2, ensure_ascii=False),
        },
    )


def _linked(tx: Transaction, versions: list[Version]) -> list[dict[str, str | None]]:
    """Versions by name, with the page of each where the visitor sees it where it was logged; at most as many as a page has."""
    known = seen.sources(tx, versions)
    return [
        {
            "name": artifacts.shown(tx, each).removeprefix("artifact "),
            "url": source_url(each.entity, each.project, each.type, each.name, each.index)
            if each.id in known and each.state == COMMITTED and each.index is not None
            else None,
        }
        for each in versions[:PAGE]
    ]


def download(tx: Transaction, at: Shown, asked: Mapping[str, str]) -> Download:
    """A file of a version. Raises `NotFound`, and `Forbidden` to a restricted viewer."""
    version = at.version
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


def _boxes(column: int, names: list[str]) -> list[Box]:
    kind = "run" if column % 2 else "version"
    return [Box(column * 200, row * 44, _short(name), kind) for row, name in enumerate(names[:DRAWN])]


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else "…" + name[1 - LETTERS :]
