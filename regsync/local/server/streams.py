"""What a run streams while it goes: its rows of metrics, what it prints, its summary and how it stands are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regsync.local.server import jsons
from regsync.local.store import consoles, histories, projects
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store
from regsync.local.store.errors import Invalid
from regsync.local.store.histories import Stream

Json = dict[str, Any]

_SUMMARY = "wandb-summary.json"
_CONSOLE = "output.log"
_STREAMS = {"wandb-history.jsonl": Stream.HISTORY, "wandb-events.jsonl": Stream.EVENTS}


def receive(store: Store, actor: Actor, names: Mapping[str, str], chunk: Any) -> Json:
    """Take one chunk of the stream of the run that `names` (`entity`, `project`, `run`) name.

    Raises `Invalid`, `NotFound`, `Forbidden`.
    """
    if not isinstance(chunk, dict):
        raise Invalid("a stream chunk is a JSON object")
    summary, state = _summary(chunk), _state(chunk)
    rows = {stream: _rows(chunk, name) for name, stream in _STREAMS.items()}
    console = _lines(chunk, _CONSOLE)
    if summary is not None or state is not None or console[1] or any(lines for _, lines in rows.values()):
        with store.write(actor) as tx:
            project = projects.get(tx, names["entity"], names["project"])
            run = projects.run(tx, project, names["run"])
            projects.upsert_run(tx, project, run.name, summary=summary, state=state, fields=_ending(chunk))
            consoles.keep(tx, run, *console)
            for stream, (offset, lines) in rows.items():
                histories.keep(tx, run, stream, offset, lines)
    return {}


def _state(chunk: Json) -> str | None:
    if not chunk.get("complete"):
        return None
    return "failed" if chunk.get("exitcode") else "finished"


def _ending(chunk: Json) -> Json:
    """What a run says of itself in its last chunk."""
    code = chunk.get("exitcode")
    return {"exitcode": code} if chunk.get("complete") and isinstance(code, int) and abs(code) < 2**31 else {}


def _summary(chunk: Json) -> Json | None:
    """The last summary in a chunk; the client sends it as a line of JSON."""
    files = chunk.get("files")
    file = files.get(_SUMMARY) if isinstance(files, dict) else None
    lines = file.get("content") if isinstance(file, dict) else None
    if not isinstance(lines, list) or not lines or not isinstance(lines[-1], str):
        return None
    summary = jsons.read(lines[-1], "the run's summary")
    return summary if isinstance(summary, dict) else None


def _rows(chunk: Json, name: str) -> tuple[int, list[Json]]:
    """The rows that a chunk has for a file, and the number of the first of them."""
    offset, lines = _lines(chunk, name)
    return offset, [jsons.read_object(line, f"a line of {name}") for line in lines]


def _lines(chunk: Json, name: str) -> tuple[int, list[str]]:
    """The lines that a chunk has for a file, and the number of the first of them."""
    files = chunk.get("files")
    file = files.get(name) if isinstance(files, dict) else None
    lines, offset = (file.get("content"), file.get("offset", 0)) if isinstance(file, dict) else (None, 0)
    if not isinstance(lines, list) or not lines:
        return 0, []
    if not isinstance(offset, int) or isinstance(offset, bool):
        raise Invalid(f"{name}: the offset is a whole number")
    return offset, [line for line in lines if isinstance(line, str)]
