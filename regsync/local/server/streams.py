"""What a run streams while it goes: only how it stands and its summary are kept; metrics and logs are taken and dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
    lines = files.get(_SUMMARY, {}).get("content") if isinstance(files, dict) else None
    if not lines:
        return None
    try:
        summary = json.loads(lines[-1])
    except (ValueError, TypeError) as error:
        raise Invalid(f"the run's summary is not JSON: {error}") from error
    return summary if isinstance(summary, dict) else None
