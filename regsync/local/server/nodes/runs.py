"""Runs: what they logged, the artifacts that they logged and used, and what they printed."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, ClassVar

from regsync.local.server import jsons, seen
from regsync.local.server.nodes import files, printed
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import accounts, consoles, histories, uses
from regsync.local.store.access import entity_role
from regsync.local.store.accounts import User
from regsync.local.store.artifacts import Version
from regsync.local.store.errors import Invalid
from regsync.local.store.histories import Stream
from regsync.local.store.ids import Kind, encode
from regsync.local.store.projects import Project, Run
from regsync.names import Role
from regsync.slots import dataclass

Json = dict[str, Any]

DEFAULT_SAMPLES = 500
"""Rows of a run's history where a client does not say how many."""
MOST_SPECS = 20
"""Samplings that one field gives; the client asks for one."""


@dataclass(frozen=True, slots=True)
class RunNode:
    """A run of a project that the viewer can see."""

    session: Session
    record: Run

    typename: ClassVar[str] = "Run"
    system_metrics: ClassVar[str] = "{}"
    sweep_name: ClassVar[None] = None

    @property
    def id(self) -> str:
        return encode(Kind.RUN, self.record.id)

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def display_name(self) -> str:
        return self.record.display_name or self.record.name

    @property
    def state(self) -> str:
        return self.record.state

    @property
    def stopped(self) -> bool:
        """Whether somebody asked it to stop and it still goes."""
        return self.running and bool(self.record.fields.get("stopped"))

    @property
    def should_stop(self) -> bool:
        return self.stopped

    @property
    def running(self) -> bool:
        return self.record.state == "running"

    @property
    def failed(self) -> bool:
        return self.record.state in ("failed", "crashed")

    @property
    def exitcode(self) -> int | None:
        code: int | None = self.record.fields.get("exitcode")
        return code

    @property
    def config(self) -> str:
        return json.dumps(self.record.config)

    @property
    def summary_metrics(self) -> str:
        return json.dumps(self.record.summary)

    @property
    def description(self) -> str | None:
        return self._field("description")

    @property
    def notes(self) -> str | None:
        return self._field("notes")

    @property
    def tags(self) -> list[str]:
        tags: list[str] = self.record.fields.get("tags") or []
        return tags

    @property
    def group(self) -> str | None:
        return self._field("group_name")

    @property
    def job_type(self) -> str | None:
        return self._field("job_type")

    @property
    def commit(self) -> str | None:
        return self.record.git_commit

    @property
    def read_only(self) -> bool:
        return entity_role(self.session.tx, self.project.entity_id) not in (Role.ADMIN, Role.MEMBER)

    @property
    def created_at(self) -> str:
        return self.record.created_at

    @property
    def heartbeat_at(self) -> str:
        return self.record.updated_at

    @property
    def user(self) -> User | None:
        key = self.record.user_id
        return None if key is None else accounts.user_by_id(self.session.tx, key)

    @property
    def project(self) -> Project:
        return seen.project(self.session, self.record.project_id)

    @property
    def project_id(self) -> int:
        return self.record.project_id

    def wandb_config(self, keys: list[str] | None = None) -> str:
        own = self.record.config.get("_wandb", {})
        value = own.get("value", own) if isinstance(own, dict) else {}
        return json.dumps({key: value[key] for key in keys or value if key in value})

    @property
    def log_line_count(self) -> int:
        return consoles.count(self.session.tx, self.record)

    def log_lines(
        self,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        use_improved_pagination: bool | None = None,
    ) -> Json:
        return printed.lines(self.session, self.record, first=first, after=after, last=last)

    @property
    def history_line_count(self) -> int:
        return histories.count(self.session.tx, self.record, Stream.HISTORY)

    @property
    def events_line_count(self) -> int:
        return histories.count(self.session.tx, self.record, Stream.EVENTS)

    @property
    def history_tail(self) -> str:
        return self._tail(Stream.HISTORY)

    @property
    def events_tail(self) -> str:
        return self._tail(Stream.EVENTS)

    @property
    def history_keys(self) -> Json | None:
        """The last step alone: that is what the client reads of it before it asks for steps."""
        step = histories.last_step(self.session.tx, self.record)
        return None if step is None else {"lastStep": step}

    def history(
        self, min_step: int | None = None, max_step: int | None = None, samples: int | None = None
    ) -> list[str]:
        return self._sample(Stream.HISTORY, samples, (min_step, max_step))

    def events(self, samples: int | None = None) -> list[str]:
        return self._sample(Stream.EVENTS, samples)

    def sampled_history(self, specs: list[str]) -> list[list[Json]]:
        """For each spec (`keys`, `samples`, `minStep`, `maxStep`) the rows that have all of its keys, with these keys alone.

        Its `maxStep` is the last step asked for, where that of `history` is the one after it: so the client (0.31) asks.
        """
        return [self._sampled(jsons.read_object(spec, "a spec of sampledHistory")) for spec in specs[:MOST_SPECS]]

    def parquet_history(self, live_keys: list[str]) -> Json:
        """No history is exported to Parquet files here; clients then ask for `history`."""
        return {"parquet_urls": (), "live_data": ()}

    def _sampled(self, spec: Json) -> list[Json]:
        keys, samples = spec.get("keys") or [], spec.get("samples", DEFAULT_SAMPLES)
        steps = (spec.get("minStep"), _after(spec.get("maxStep")))
        numbers = [number for number in (samples, *steps) if number is not None]
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise Invalid("keys of a spec of sampledHistory are a list of text")
        if not all(isinstance(number, int) and abs(number) < 2**63 for number in numbers):
            raise Invalid("samples and steps of a spec of sampledHistory are whole numbers")
        rows = [json.loads(text) for text in self._sample(Stream.HISTORY, samples, steps, keys)]
        return [{key: row[key] for key in keys} for row in rows] if keys else rows

    def _sample(
        self,
        stream: Stream,
        samples: int | None,
        steps: tuple[int | None, int | None] = (None, None),
        keys: Collection[str] = (),
    ) -> list[str]:
        most = DEFAULT_SAMPLES if samples is None else samples
        found = histories.sample(self.session.tx, self.record, stream, most, steps, keys)
        self.session.budget.spend(len(found), sum(map(len, found)))
        return found

    def _tail(self, stream: Stream) -> str:
        row = histories.last(self.session.tx, self.record, stream)
        return json.dumps([] if row is None else [row])

    def output_artifacts(self, after: str | None = None, first: int | None = None) -> Connection:
        return self._versions(uses.outputs(self.session.tx, self.record), after, first)

    def input_artifacts(self, after: str | None = None, first: int | None = None) -> Connection:
        return self._versions(uses.inputs(self.session.tx, self.record), after, first)

    @property
    def file_count(self) -> int:
        return len(self.record.fields.get("files") or {})

    def files(
        self,
        names: list[str | None] | None = None,
        after: str | None = None,
        first: int | None = None,
        pattern: str | None = None,
    ) -> Connection:
        return files.of_run(self.session, self.record, names, after, first)

    def _versions(self, found: list[Version], after: str | None, first: int | None) -> Connection:
        return listed(
            found,
            lambda version: f"{version.id:020}",
            lambda version: version,
            after=after,
            first=first,
        )

    def _field(self, name: str) -> str | None:
        text: str | None = self.record.fields.get(name)
        return text


def _after(step: Any) -> Any:
    return step + 1 if isinstance(step, int) else step
