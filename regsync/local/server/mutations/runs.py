"""Runs: made and edited, and the files that they upload."""

from __future__ import annotations

import secrets
import string
from typing import Any

from regsync.local.server import jsons
from regsync.local.server.session import Session
from regsync.local.store import accounts, artifacts, histories, projects, uses
from regsync.local.store.database import Transaction
from regsync.local.store.errors import Invalid
from regsync.local.store.ids import Kind, decode, decode_run_file, encode
from regsync.local.store.projects import Project, Run

Json = dict[str, Any]

DEFAULT_PROJECT = "uncategorized"
"""Where the client's runs go that name no project."""
_KEPT = ("description", "notes", "tags", "group_name", "job_type", "host", "job_program", "job_repo", "sweep")
_ALPHABET = string.ascii_lowercase + string.digits


class RunMutations:
    """Mutations of runs."""

    session: Session

    def upsert_bucket(self, input: Json) -> Json:
        with self.session.write() as tx:
            project, name = self._which(tx, input)
            run, inserted = projects.upsert_run(
                tx,
                project,
                name,
                display_name=input.get("display_name"),
                state=input.get("state"),
                config=_optional(input, "config"),
                summary=_optional(input, "summary_metrics"),
                git_commit=input.get("commit"),
                fields={key: input[key] for key in _KEPT if input.get(key) is not None},
            )
        return {"bucket": run, "inserted": inserted}

    def create_run_files(self, input: Json) -> Json:
        session = self.session
        project, run = self._named(input)
        projects.require_write(session.tx, project.entity_id, f"project {project}")
        files = [
            {
                "id": encode(Kind.FILE, f"run/{run.id}/{name}"),
                "name": name,
                "upload_url": session.addresses.upload(session.actor.user_id, run=run.id, name=name),
                "upload_headers": (),
                "direct_url": "",
                "size_bytes": 0,
            }
            for name in input["files"]
        ]
        return {"run_id": encode(Kind.RUN, run.id), "upload_headers": (), "files": files}

    def mark_run_files_uploaded(self, input: Json) -> Json:
        """Nothing is left to do: a file counts once its upload is complete."""
        self._named(input)
        return {"success": True}

    def delete_run(self, input: Json) -> Json:
        """With `deleteArtifacts`, what it logged goes too; a version that may not go keeps all of it."""
        with self.session.write() as tx:
            run = projects.run_by_id(tx, decode(input["id"], Kind.RUN))
            if input.get("delete_artifacts"):
                for version in uses.outputs(tx, run):
                    artifacts.delete(tx, version, with_aliases=True)
            projects.delete_run(tx, run)
        return {"success": True}

    def stop_run(self, input: Json) -> Json:
        with self.session.write() as tx:
            projects.stop(tx, projects.run_by_id(tx, decode(input["id"], Kind.RUN)))
        return {"success": True}

    def rewind_run(self, input: Json) -> Json:
        """To a step: no other metric is a place in a history here."""
        value = input["metric_value"]
        if input["metric_name"] != "_step" or value != int(value):
            raise Invalid("a run is rewound to a whole number of _step")
        with self.session.write() as tx:
            project = projects.get(tx, input.get("entity_name") or "", input.get("project_name") or "")
            rewound = histories.rewind(tx, projects.run(tx, project, input["run_name"]), int(value))
        return {"rewound_run": rewound}

    def update_run_state(self, input: Json) -> Json:
        with self.session.write() as tx:
            projects.set_state(tx, projects.run_by_id(tx, decode(input["id"], Kind.RUN)), input["state"])
        return {"success": True}

    def delete_files(self, input: Json) -> Json:
        """Files of runs alone: those of versions never change."""
        with self.session.write() as tx:
            for text in input["files"]:
                key, name = decode_run_file(text)
                run = projects.run_by_id(tx, key)
                files = {each: md5 for each, md5 in (run.fields.get("files") or {}).items() if each != name}
                projects.set_files(tx, run, files)
        return {"success": True}

    def _named(self, input: Json) -> tuple[Project, Run]:
        """The project and the run that an input names in full. Raises `NotFound`."""
        tx = self.session.tx
        project = projects.get(tx, input["entity_name"], input["project_name"])
        return project, projects.run(tx, project, input["run_name"])

    def _which(self, tx: Transaction, input: Json) -> tuple[Project, str]:
        if input.get("id"):
            run = projects.run_by_id(tx, decode(input["id"], Kind.RUN))
            return projects.by_id(tx, run.project_id), run.name
        entity = input.get("entity_name") or accounts.default_entity(tx)
        project = projects.ensure(tx, entity, input.get("model_name") or DEFAULT_PROJECT)
        return project, input.get("name") or "".join(secrets.choice(_ALPHABET) for _ in range(8))


def _optional(input: Json, key: str) -> Json | None:
    return None if input.get(key) is None else jsons.read_object(input[key], key)
