"""Files of versions and runs, and manifests: what they are called and where their contents can be got."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Sequence
from typing import Any, ClassVar

from regsync.local.server.pages import Connection, listed
from regsync.local.server.session import Session
from regsync.local.store import artifacts, contents
from regsync.local.store.artifacts import ManifestEntry, Version
from regsync.local.store.ids import Kind, encode
from regsync.local.store.projects import Run
from regsync.slots import dataclass

Json = dict[str, Any]

MOST_FILES = 5000
"""Longest page of files: what the client asks for when it downloads."""
MANIFEST_NAME = "wandb_manifest.json"


@dataclass(frozen=True, slots=True)
class FileNode:
    """A file of a version."""

    session: Session
    version: Version
    entry: ManifestEntry

    typename: ClassVar[str] = "File"
    upload_url: ClassVar[None] = None
    upload_headers: ClassVar[Sequence[str]] = ()
    upload_multipart_urls: ClassVar[None] = None
    artifact: ClassVar[None] = None

    @property
    def id(self) -> str:
        return encode(Kind.FILE, f"{self.version.id}/{self.entry.path}")

    @property
    def name(self) -> str:
        return self.entry.path

    @property
    def display_name(self) -> str:
        return self.entry.path

    @property
    def direct_url(self) -> str:
        if self.entry.content_md5 is None:
            return self.entry.ref or ""
        session = self.session
        return session.addresses.download(
            session.actor.user_id, self.entry.path, version=self.version.id, path=self.entry.path
        )

    def url(self, upload: bool | None = None) -> str:
        return self.direct_url

    @property
    def size_bytes(self) -> int:
        return self.entry.size

    @property
    def storage_path(self) -> str:
        return f"wandb_artifacts/{self.version.id}/{self.entry.content_md5 or self.entry.digest}"

    @property
    def mimetype(self) -> str | None:
        return mimetypes.guess_type(self.entry.path)[0]

    @property
    def updated_at(self) -> str:
        return self.version.created_at

    @property
    def digest(self) -> str:
        return self.entry.digest

    @property
    def md5(self) -> str | None:
        return self.entry.content_md5


@dataclass(frozen=True, slots=True)
class ManifestNode:
    """The manifest of a version: the one that the client uploaded, or for a version that no client made, the same made up."""

    session: Session
    version: Version

    typename: ClassVar[str] = "ArtifactManifest"

    @property
    def id(self) -> str:
        return encode(Kind.FILE, f"{self.version.id}")

    @property
    def digest(self) -> str:
        return self.version.digest

    @property
    def file(self) -> Json:
        return {
            "id": self.id,
            "name": MANIFEST_NAME,
            "display_name": MANIFEST_NAME,
            "direct_url": self.session.addresses.download(
                self.session.actor.user_id, MANIFEST_NAME, version=self.version.id
            ),
            "upload_headers": (),
            "size_bytes": 0,
        }


def of_version(
    session: Session, version: Version, names: list[str] | None, after: str | None, first: int | None
) -> Connection:
    """The files of a version, or those of these names, by path. Raises `Forbidden` for whoever may not read contents."""
    artifacts.require_contents(session.tx, version)
    found = artifacts.entries(session.tx, version)
    if names:
        wanted = set(names)
        found = [entry for entry in found if entry.path in wanted]
    return listed(
        found,
        lambda entry: entry.path,
        lambda entry: FileNode(session, version, entry),
        after=after,
        first=first,
        most=MOST_FILES,
    )


def of_run(
    session: Session, run: Run, names: Sequence[str | None] | None, after: str | None, first: int | None
) -> Connection:
    """The files that a run uploaded, or those of these names, by name."""
    kept: dict[str, str] = run.fields.get("files") or {}
    wanted = set(names or ())
    return listed(
        [name for name in kept if not wanted or name in wanted],
        str,
        lambda name: run_file(session, run, name, kept[name]),
        after=after,
        first=first,
    )


def run_file(session: Session, run: Run, name: str, md5: str) -> Json:
    """A file of a run whose content is here."""
    address = session.addresses.download(session.actor.user_id, name, run=run.id, name=name)
    key = contents.find(session.tx, run.project_id, md5)
    return {
        "id": encode(Kind.FILE, f"run/{run.id}/{name}"),
        "name": name,
        "display_name": name,
        "url": address,
        "direct_url": address,
        "upload_headers": (),
        "size_bytes": contents.size(session.tx, key or "") or 0,
        "mimetype": mimetypes.guess_type(name)[0],
        "updated_at": run.updated_at,
        "md5": md5,
    }


def manifest(entries: Sequence[ManifestEntry]) -> bytes:
    """A manifest in the client's own format (`wandb/sdk/artifacts/artifact_manifests/artifact_manifest_v1.py`)."""
    listed_files: Json = {}
    for entry in entries:
        shown: Json = {"digest": entry.digest, "size": entry.size, **json.loads(entry.fields or "{}")}
        listed_files[entry.path] = {**shown, "ref": entry.ref} if entry.ref else shown
    document = {
        "version": 1,
        "storagePolicy": "wandb-storage-policy-v1",
        "storagePolicyConfig": {"storageLayout": "V2"},
        "contents": listed_files,
    }
    return json.dumps(document).encode()
