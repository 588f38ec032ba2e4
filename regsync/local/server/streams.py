"""What a run streams while it goes: only how it stands and its summary are kept; metrics and logs are taken and dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regsync.local.server import jsons
from regsync.local.store import projects
from regsync.local.store.actor import Actor
from regsync.local.store.database import Store
from regsync.local.store.errors import Invalid

Json = dict[str, Any]

_SUMMARY = "wandb-summary.json"


def receive(store: Store, actor: Actor, names: Mapping[str, str], chunk: Any) -> Json:
    """Take one chunk of the stream of the run that `names` (`entity`, `project`, `run`) name.

    Raises `Invalid`, `NotFound`, `Forbidden`.
    """
    if not isinstance(chunk, dict):
        raise Invalid("a stream chunk is a JSON object")
    summary, state = _summary(chunk), _state(chunk)
    if summary is not None or state is not None:
        with store.write(actor) as tx:
            project = projects.get(tx, names["entity"], names["project"])
            run = projects.run(tx, project, names["run"])
            projects.upsert_run(tx, project, run.name, summary=summary, state=state)
    return {}


def _state(chunk: Json) -> str | None:
    if not chunk.get("complete"):
        return None
    return "failed" if chunk.get("exitcode") else "finished"


def _summary(chunk: Json) -> Json | None:
    """The last summary in a chunk; the client sends it as a line of JSON."""
    files = chunk.get("files")
    file = files.get(_SUMMARY) if isinstance(files, dict) else None
    lines = file.get("content") if isinstance(file, dict) else None
    if not isinstance(lines, list) or not lines or not isinstance(lines[-1], str):
        return None
    summary = jsons.read(lines[-1], "the run's summary")
    return summary if isinstance(summary, dict) else None
