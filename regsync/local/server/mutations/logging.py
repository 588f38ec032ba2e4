"""Artifact versions: logged in steps (create, say which files, upload, commit), changed, deleted, used by runs."""

from __future__ import annotations

from functools import partial
from typing import Any

from regsync.local.server import jsons, seen
from regsync.local.server.nodes.files import MANIFEST_NAME, ManifestNode
from regsync.local.server.nodes.versions import TTL_INHERITED
from regsync.local.server.session import Session
from regsync.local.store import artifacts, projects, sequences, uses
from regsync.local.store.access import missing
from regsync.local.store.artifacts import Version
from regsync.local.store.database import Transaction
from regsync.local.store.errors import NotFound
from regsync.local.store.ids import Kind, decode, encode
from regsync.local.store.projects import Project, Run

Json = dict[str, Any]


class ArtifactMutations:
    """Mutations of artifact versions. Files and manifests are uploaded to addresses: see `transfer.py`."""

    session: Session

    def create_artifact(self, input: Json) -> Json:
        """A version to upload to; or the one that has this digest already, which the client sees by its state."""
        names = input.get("artifact_collection_names") or [input.get("artifact_collection_name") or ""]
        with self.session.write() as tx:
            project = projects.ensure(tx, input["entity_name"], input["project_name"])
            sequence = sequences.ensure(
                tx,
                project,
                names[0],
                input["artifact_type_name"],
                client_id=input.get("sequence_client_id"),
                internal=True,
            )
            together = input.get("distributed_id")
            begin = (
                partial(sequences.join, tx, sequence, together) if together else partial(sequences.begin, tx, sequence)
            )
            version, made = begin(
                input["digest"],
                digest_algorithm=input.get("digest_algorithm") or "MANIFEST_MD5",
                metadata=jsons.read_object(input.get("metadata"), "metadata"),
                description=input.get("description"),
                ttl_seconds=_ttl(input.get("ttl_duration_seconds")),
                names=[given["alias"] for given in input.get("aliases") or ()],
                run=_run(tx, project, input.get("run_name")),
                history_step=input.get("history_step"),
                client_id=input.get("client_id"),
            )
            if made and input.get("tags"):
                artifacts.change_tags(tx, version, add=[given["tag_name"] for given in input["tags"]])
        return {"artifact": version}

    def create_artifact_manifest(self, input: Json) -> Json:
        """An INCREMENTAL one adds files to those of the base; a PATCH, to what others log under the same distributed id."""
        key = decode(input["artifact_id"], Kind.ARTIFACT)
        if input.get("type") == "INCREMENTAL" and input.get("base_artifact_id"):
            with self.session.write() as tx:
                base = artifacts.by_id(tx, decode(input["base_artifact_id"], Kind.ARTIFACT))
                sequences.build_on(tx, artifacts.by_id(tx, key), base)
        return self._manifest(key)

    def update_artifact_manifest(self, input: Json) -> Json:
        return self._manifest(decode(input["artifact_manifest_id"], Kind.FILE))

    def create_artifact_files(self, input: Json) -> Json:
        edges = []
        for given in input["artifact_files"]:
            version = self._pending(decode(given["artifact_id"], Kind.ARTIFACT))
            edges.append({"node": self._upload(version, given), "cursor": given["name"]})
        return {
            "files": {
                "edges": edges,
                "page_info": {"has_next_page": False, "end_cursor": None},
                "total_count": len(edges),
            }
        }

    def commit_artifact(self, input: Json) -> Json:
        with self.session.write() as tx:
            done = sequences.commit(tx, _by_id(tx, input))
        return {"artifact": done}

    def update_artifact(self, input: Json) -> Json:
        with self.session.write() as tx:
            version = _by_id(tx, input)
            if "description" in input:
                artifacts.set_description(tx, version, input["description"])
            if input.get("metadata") is not None:
                artifacts.set_metadata(tx, version, jsons.read_object(input["metadata"], "metadata"))
            if input.get("ttl_duration_seconds") is not None:
                artifacts.set_ttl(tx, version, _ttl(input["ttl_duration_seconds"]))
            artifacts.change_tags(
                tx,
                version,
                add=[given["tag_name"] for given in input.get("tags_to_add") or ()],
                remove=[given["tag_name"] for given in input.get("tags_to_delete") or ()],
            )
        return {"artifact": seen.version(self.session, version.id)}

    def delete_artifact(self, input: Json) -> Json:
        with self.session.write() as tx:
            version = _by_id(tx, input)
            artifacts.delete(tx, version, with_aliases=bool(input.get("delete_aliases")))
        return {"artifact": version}

    def use_artifact(self, input: Json) -> Json:
        with self.session.write() as tx:
            version = _by_id(tx, input)
            project = projects.get(tx, input["entity_name"], input["project_name"])
            uses.record(tx, projects.run(tx, project, input["run_name"]), version)
        return {"artifact": version}

    def _pending(self, key: int) -> Version:
        """A version that is being uploaded, by whoever may write to its project."""
        version = artifacts.by_id(self.session.tx, key)
        projects.require_write(self.session.tx, version.entity_id, artifacts.shown(self.session.tx, version))
        return version

    def _manifest(self, key: int) -> Json:
        version = self._pending(key)
        shown = ManifestNode(self.session, version)
        address = self._address(manifest=version.id)
        file = {**shown.file, "upload_url": address, "name": MANIFEST_NAME}
        return {"artifact_manifest": {"id": encode(Kind.FILE, version.id), "digest": version.digest, "file": file}}

    def _upload(self, version: Version, given: Json) -> Json:
        return {
            "id": encode(Kind.FILE, f"{version.id}/{given['name']}"),
            "name": given["name"],
            "display_name": given["name"],
            "storage_path": f"wandb_artifacts/{version.id}/{given['name']}",
            "upload_url": self._address(artifact=version.id),
            "upload_headers": (),
            "direct_url": "",
            "size_bytes": 0,
            "artifact": version,
        }

    def _address(self, **claim: Any) -> str:
        return self.session.addresses.upload(self.session.actor.user_id, **claim)


def _by_id(tx: Transaction, input: Json) -> Version:
    return artifacts.by_id(tx, decode(input["artifact_id"], Kind.ARTIFACT))


def _ttl(seconds: int | None) -> int | None:
    """What the store means by the client's number: it has None for inherited, and 0 for never."""
    if seconds is None or seconds == TTL_INHERITED:
        return None
    return max(seconds, 0)


def _run(tx: Transaction, project: Project, name: str | None) -> Run | None:
    if not name:
        return None
    try:
        return projects.run(tx, project, name)
    except NotFound:
        missing(f"run {project}/{name}")
