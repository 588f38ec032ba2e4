"""Contents going up and down: files of versions, manifests, files of runs.

What an upload or a download is for, and for whom, stands in its signed address (`addresses.py`); nothing else of the request is
trusted. The right to read is asked again when the content is sent, so an address lends nothing that its user has lost.
"""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from pathlib import Path
from typing import Any, BinaryIO

from regsync.local.server import jsons
from regsync.local.server.addresses import Purpose, Signer
from regsync.local.server.mutations import places
from regsync.local.server.nodes import files
from regsync.local.store import accounts, artifacts, collections, contents, projects, sequences
from regsync.local.store.access import missing
from regsync.local.store.actor import Actor
from regsync.local.store.artifacts import ManifestEntry
from regsync.local.store.contents import Staged
from regsync.local.store.database import Store, Transaction
from regsync.local.store.errors import Damaged, Invalid

Json = dict[str, Any]

MAX_MANIFEST = 32 * 1024 * 1024
"""Largest manifest that is read, in bytes: some hundred thousand files. They are read one at a time."""
MAX_SIZE = 2**53
"""Most bytes that the files of a version can have: what JSON holds exactly."""
_one_manifest = threading.Lock()


def receive(store: Store, claim: Json, stream: BinaryIO) -> None:
    """Keep what a client uploads, as whoever got the address that makes this claim.

    Raises the `Refused` and `FileProblem` families.
    """
    actor = _user(store, claim)
    entries = None
    if "manifest" in claim:
        entries = read_manifest(stream.read(MAX_MANIFEST + 1))
        stream.seek(0)
    staged = contents.stage_stream(store, stream)
    with store.write(actor) as tx:
        if entries is not None:
            version = artifacts.by_id(tx, claim["manifest"])
            sequences.set_entries(tx, version, entries, manifest_key=staged.key)
            contents.add(tx, staged)
        elif "run" in claim:
            _add_run_file(tx, claim["run"], claim["name"], staged)
        else:
            version = artifacts.by_id(tx, claim["artifact"])
            projects.require_write(tx, version.entity_id, artifacts.shown(tx, version))
            contents.give(tx, version.project_id, staged)


def _user(store: Store, claim: Json) -> Actor:
    with store.read() as tx:
        user = accounts.user_by_id(tx, claim["user"])
    return Actor(user.id, user.name)


def _add_run_file(tx: Transaction, key: int, name: str, staged: Staged) -> None:
    run = projects.run_by_id(tx, key)
    project = projects.by_id(tx, run.project_id)
    projects.require_write(tx, project.entity_id, f"project {project}")
    contents.give(tx, project.id, staged)
    kept = {**(run.fields.get("files") or {}), name: staged.md5}
    projects.upsert_run(tx, project, run.name, fields={"files": kept})


def send(store: Store, signer: Signer, token: str) -> bytes | Path:
    """The content that an address is for, or the file that holds it. Raises `Forbidden`, `NotFound`."""
    claim = signer.check(Purpose.DOWNLOAD, token)
    with store.read(_user(store, claim)) as tx:
        if "run" in claim:
            run = projects.run_by_id(tx, claim["run"])
            md5 = (run.fields.get("files") or {}).get(claim["name"])
            return _located(tx, run.project_id, md5)
        version = artifacts.by_id(tx, claim["version"])
        if "path" in claim:
            entry = artifacts.entry(tx, version, claim["path"])
            return _located(tx, version.project_id, entry.content_md5)
        artifacts.require_contents(tx, version)
        if version.manifest_key is not None:
            return _whole(contents.locate(tx, version.manifest_key))
        return files.manifest(artifacts.entries(tx, version))


def send_by_path(store: Store, actor: Actor, path: str) -> bytes | Path:
    """The content that W&B's own path of a file names: region/entity/project/collection/…/md5/name.

    Clients go there for one file, and when an address has expired. Raises `NotFound`, `Forbidden`.
    """
    parts = path.split("/")
    if len(parts) < 6:
        missing(f"file {path!r}")
    _, entity, project, name, *_ids, md5, _file = parts
    with store.read(actor) as tx:
        collection = collections.get(tx, places.project(tx, entity, project), name)
        key = tx.value(
            """SELECT f.artifact_id FROM artifact_files f JOIN memberships m USING (artifact_id)
               WHERE m.collection_id = ? AND f.content_md5 = ?""",
            collection.id,
            md5,
        )
        if key is None:
            missing(f"file {path!r}")
        version = artifacts.by_id(tx, key)
        artifacts.require_contents(tx, version)
        return _located(tx, version.project_id, md5)


def _located(tx: Transaction, project_id: int, md5: str | None) -> bytes | Path:
    key = contents.find(tx, project_id, md5 or "")
    return missing("file content") if key is None else _whole(contents.locate(tx, key))


def _whole(found: bytes | Path) -> bytes | Path:
    if isinstance(found, Path) and not found.is_file():
        raise Damaged(f"{found}: the content of a file is gone", hint="restore the folder beside the registry file")
    return found


def read_manifest(data: bytes) -> list[ManifestEntry]:
    """The files that a manifest names. Raises `Invalid`."""
    if len(data) > MAX_MANIFEST:
        raise Invalid(f"the manifest is larger than {MAX_MANIFEST} bytes")
    with _one_manifest:
        listed = jsons.read_object(data, "the manifest").get("contents")
    if not isinstance(listed, dict):
        raise Invalid("the manifest cannot be read: it has no object `contents`")
    entries = [_entry(path, entry) for path, entry in listed.items()]
    if sum(entry.size for entry in entries) > MAX_SIZE:
        raise Invalid(f"the manifest's files are larger than {MAX_SIZE} bytes together")
    return entries


def _entry(path: str, entry: Any) -> ManifestEntry:
    if not isinstance(entry, dict):
        raise Invalid(f"the manifest's entry of {path!r} is not an object")
    known = {"digest", "size", "ref"}
    others = {key: value for key, value in entry.items() if key not in known and value is not None}
    ref, size, digest = entry.get("ref"), entry.get("size") or 0, entry.get("digest")
    if not isinstance(digest, str) or not isinstance(ref, str | None):
        raise Invalid(f"the manifest's entry of {path!r}: digest and ref are text, and there is a digest")
    if not isinstance(size, int) or not 0 <= size <= MAX_SIZE:
        raise Invalid(f"the manifest's size of {path!r} is not a whole number of bytes up to {MAX_SIZE}")
    return ManifestEntry(
        path,
        digest,
        size,
        ref,
        None if ref is not None else _md5(path, digest),
        json.dumps(others) if others else None,
    )


def _md5(path: str, digest: str) -> str:
    try:
        raw = b64decode(digest, validate=True)
    except ValueError:
        raw = b""
    if len(raw) != 16:
        raise Invalid(f"the manifest's digest of {path!r} is not an MD5; this server knows no other")
    return raw.hex()
