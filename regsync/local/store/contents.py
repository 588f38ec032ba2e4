"""File contents, addressed by their MD5 as W&B does. Small ones live in the database, larger ones in a folder beside it.

Storing has two steps, so that copying a large file does not keep other processes from writing: `stage_*` without a
transaction, then `add` inside one. A staged file that is never added is harmless: the next one of the same content uses it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from regsync.local.store.access import missing
from regsync.local.store.database import Store, Transaction
from regsync.local.store.digests import md5_of_bytes
from regsync.local.store.faults import files_explained

INLINE_LIMIT = 16 * 1024
"""Contents of at most this many bytes are kept in the database itself."""
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Staged:
    """Content that is on disk or in hand, and not yet known to the database. `md5` is in hex, `size` in bytes."""

    md5: str
    size: int
    data: bytes | None


def stage_bytes(store: Store, content: bytes) -> Staged:
    """Get some bytes ready to `add`. Raises the `FileProblem` family."""
    if len(content) <= INLINE_LIMIT:
        return Staged(md5_of_bytes(content), len(content), content)
    return stage_stream(store, io.BytesIO(content))


def stage_file(store: Store, path: Path) -> Staged:
    """Get a copy of a file ready to `add`. Raises the `FileProblem` family (for a file that cannot be read, too)."""
    with files_explained(path), path.open("rb") as stream:
        return stage_stream(store, stream)


def stage_stream(store: Store, stream: BinaryIO) -> Staged:
    """Get everything that is left in a binary stream ready to `add`. Raises the `FileProblem` family."""
    head = stream.read(INLINE_LIMIT + 1)
    if len(head) <= INLINE_LIMIT:
        return Staged(md5_of_bytes(head), len(head), head)
    with files_explained(store.files):
        store.files.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".incoming-", dir=store.files)
        try:
            with os.fdopen(handle, "wb") as target:
                hasher = hashlib.md5(usedforsecurity=False)
                size = 0
                chunk = head
                while chunk:
                    hasher.update(chunk)
                    target.write(chunk)
                    size += len(chunk)
                    chunk = stream.read(_CHUNK)
                target.flush()
                os.fsync(target.fileno())
            place = _place(store.files, hasher.hexdigest())
            place.parent.mkdir(exist_ok=True)
            Path(name).replace(place)
            _sync_folder(place.parent)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    return Staged(hasher.hexdigest(), size, None)


def add(tx: Transaction, staged: Staged) -> None:
    """Make staged content known. The same content twice is kept once."""
    tx.run(
        "INSERT INTO contents (md5, size, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        staged.md5,
        staged.size,
        staged.data,
    )


def size(tx: Transaction, md5: str) -> int | None:
    """The size in bytes of some content; None where it is not here."""
    found: int | None = tx.value("SELECT size FROM contents WHERE md5 = ?", md5)
    return found


def read(tx: Transaction, md5: str) -> bytes:
    """Some content as bytes. Raises `NotFound`; `FileProblem` where its file is gone."""
    found = locate(tx, md5)
    if isinstance(found, bytes):
        return found
    with files_explained(found):
        return found.read_bytes()


def locate(tx: Transaction, md5: str) -> bytes | Path:
    """Some content, or the file that holds it, which stays readable after the transaction. Raises `NotFound`."""
    row = tx.one("SELECT data FROM contents WHERE md5 = ?", md5)
    if row is None:
        missing(f"file content {md5}")
    data: bytes | None = row["data"]
    return _place(tx.files, md5) if data is None else data


def _place(folder: Path, md5: str) -> Path:
    return folder / md5[:2] / md5


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
