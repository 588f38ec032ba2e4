"""Who moved what, for a terminal, as JSON, and as Markdown. Rendered from the document alone."""

from __future__ import annotations

from typing import Any

import click

from regsync.core.canonical import canonical_json
from regsync.core.live import Destination
from regsync.core.moves import Held
from regsync.diagnostics import counted
from regsync.looks.escape import plain
from regsync.planning.commits import Redeclared
from regsync.planning.history import History, Moved
from regsync.views.gfm import code

Json = dict[str, Any]


def history_document(found: History, destination: Destination) -> Json:
    """What `history --format json` prints."""
    return {
        "format": "regsync/history/v1",
        "destination": destination._asdict(),
        "entries": [_moved(each) if isinstance(each, Moved) else _declared(each) for each in found.entries],
        "told_by": {
            "registry": {"tells": found.registry is None, "why": found.registry},
            "receipts": found.receipts,
            "git": {"tells": found.git is None, "why": found.git},
        },
    }


def _moved(each: Moved) -> Json:
    applied = each.applied
    return {
        "what": "moved",
        "address": str(each.address),
        "at": each.at,
        "by": each.by,
        "before": _held(each.before),
        "after": _held(each.after),
        "sure": each.sure,
        "apply": None
        if applied is None
        else {"plan": applied.plan, "receipt": applied.receipt, "commit": applied.commit, "undo": applied.undo},
        "told_by": [source.value for source in each.told_by],
    }


def _declared(each: Redeclared) -> Json:
    return {
        "what": "declared",
        "address": str(each.address),
        "at": each.commit.at,
        "by": each.commit.who,
        "before": each.before,
        "after": each.after,
        "commit": {"id": each.commit.id, "subject": each.commit.subject},
        "told_by": ["git"],
    }


def _held(held: Held | None) -> Json | None:
    return None if held is None else {"index": held.index, "source": held.source, "artifact": held.artifact_id}


def render_history(document: Json, format_: str, *, color: bool) -> str:
    """The document in one of the formats text, json, markdown; without a line end."""
    if format_ == "json":
        return canonical_json(document)
    return _markdown(document) if format_ == "markdown" else _text(document, color=color)


def _text(document: Json, *, color: bool) -> str:
    entries = document["entries"]
    lines: list[str] = []
    for address in sorted({entry["address"] for entry in entries}):
        if lines:
            lines.append("")
        lines.append(click.style(plain(address), bold=True) if color else plain(address))
        for entry in entries:
            if entry["address"] == address:
                lines.append(
                    f"  {_when(entry['at'])}  {plain(entry['by'] or 'somebody')}: {plain(change_words(entry))}"
                )
                lines.append(f"      {plain(source_words(entry))}")
    if not entries:
        lines.append("Nothing is known of any move.")
    return "\n".join([*lines, "", *map(plain, _told(document))])


def _markdown(document: Json) -> str:
    entries = document["entries"]
    lines = ["### regsync history", ""]
    if entries:
        lines += ["| when | who | alias | change | known from |", "| --- | --- | --- | --- | --- |"]
    for entry in entries:
        cells = (
            _when(entry["at"]),
            entry["by"] or "somebody",
            entry["address"],
            change_words(entry),
            source_words(entry),
        )
        lines.append(f"| {' | '.join(code(cell, table=True) for cell in cells)} |")
    if not entries:
        lines.append("Nothing is known of any move.")
    return "\n".join([*lines, "", *(f"- {code(line)}" for line in _told(document))])


def _when(at: str) -> str:
    """`2026-11-28 12:03:11Z`"""
    return at[:19].replace("T", " ") + "Z" if at.endswith("Z") else at


def change_words(entry: Json) -> str:
    """What changed: the numbers in the collection where they are known, and the sources."""
    if entry["what"] == "declared":
        return (
            f"declared {entry['after']}, not {entry['before']} any more"
            if entry["before"] and entry["after"]
            else (f"declared {entry['after']}" if entry["after"] else f"not declared any more (was {entry['before']})")
        )
    before, after = entry["before"], entry["after"]
    unsure = "" if entry["sure"] else ", perhaps: no answer came"
    if before is None:
        return f"set to {held_words(after)}{unsure}"
    if after is None:
        return f"removed from {held_words(before)}{unsure}"
    return f"moved from {held_words(before)} to {held_words(after)}{unsure}"


def held_words(held: Json | None) -> str:
    """`v3 = acme-ml/fraud/detector:v12`"""
    if held is None:
        return "nothing"
    known = [part for part in (f"v{held['index']}" if held["index"] is not None else "", held["source"]) if part]
    return " = ".join(known) or "a version that is gone"


def source_words(entry: Json) -> str:
    """How it is known, and by which plan it was."""
    if entry["what"] == "declared":
        return f"commit {entry['commit']['id'][:12]}: {entry['commit']['subject']}"
    applied = entry["apply"]
    if applied is None:
        return "the registry's own record; no receipt here is of an apply that did it"
    commit = f", manifests of commit {applied['commit'][:12]}" if applied["commit"] else ""
    kind = "undo" if applied["undo"] else "apply"
    recorded = "" if "registry" in entry["told_by"] else "; the registry's own records do not tell of it"
    return f"{kind} of plan {applied['plan'].removeprefix('sha256:')[:12]}{commit}{recorded}"


def _told(document: Json) -> list[str]:
    told = document["told_by"]
    lines = [f"Receipts of this registry: {counted(told['receipts'], 'receipt')}."]
    lines.insert(
        0,
        "Registry: every move that it recorded."
        if told["registry"]["tells"]
        else f"Registry: {told['registry']['why']}.",
    )
    lines.append(
        "Git: every commit that touches the manifests." if told["git"]["tells"] else f"Git: {told['git']['why']}."
    )
    return lines
