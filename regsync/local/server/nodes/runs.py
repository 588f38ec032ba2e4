"""Runs: as much of them as logging and using artifacts needs. Metrics that a run streams are not kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from regsync.local.server import seen
from regsync.local.server.nodes import files
from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import accounts, uses
from regsync.local.store.access import entity_role
from regsync.local.store.accounts import User
from regsync.local.store.artifacts import Version
from regsync.local.store.ids import Kind, encode
from regsync.local.store.projects import Project, Run
from regsync.names import Role

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunNode:
    """A run of a project that the viewer can see."""

    session: Session
    record: Run

    typename: ClassVar[str] = "Run"
    system_metrics: ClassVar[str] = "{}"
    history_line_count: ClassVar[int] = 0
    events_line_count: ClassVar[int] = 0
    log_line_count: ClassVar[int] = 0
    history_tail: ClassVar[str] = "[]"
    events_tail: ClassVar[str] = "[]"
    history_keys: ClassVar[None] = None
    sweep_name: ClassVar[None] = None
    stopped: ClassVar[bool] = False

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
