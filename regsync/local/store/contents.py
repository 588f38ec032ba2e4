"""File contents. Small ones live in the database, larger ones in a folder beside it; each is kept under its SHA-256.

W&B's manifests name content by MD5, and two different contents can be made to have one MD5. So an MD5 is a name *in one
project*: the first content that was uploaded there under it has it for good, another one is refused, and what other projects
call the same does not matter. A manifest can name only what its own project was given, or what the actor may read elsewhere
(`adopt`): knowing a hash opens nothing.

Storing has two steps, so that copying a large file does not keep other processes from writing: `stage_*` without a
transaction, then `add` inside one. A staged file that is never added is harmless: the next one of the same content uses it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from regsync.local.store.access import missing, version_role
from regsync.local.store.database import Store, Transaction
from regsync.local.store.errors import Conflict
from regsync.local.store.faults import files_explained
from regsync.names import Role
from regsync.slots import dataclass

INLINE_LIMIT = 16 * 1024
"""Contents of at most this many bytes are kept in the database itself."""
_CHUNK = 1024 * 1024
_INCOMING = ".incoming-"
_MD5_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Staged:
    """Content that is on disk or in hand, and not yet known to the database. `md5` and `key` are in hex, `size` in bytes."""

    md5: str
    key: str
    size: int
    data: bytes | None


def inline(content: bytes) -> Staged:
    """Content of at most `INLINE_LIMIT` bytes, ready to `add`."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Staged(md5, hashlib.sha256(content).hexdigest(), len(content), content)


def stage_bytes(store: Store, content: bytes) -> Staged:
    """Get some bytes ready to `add`. Raises the `FileProblem` family."""
    return stage_stream(store, io.BytesIO(content))


def stage_file(store: Store, path: Path) -> Staged:
    """Get a copy of a file ready to `add`. Raises the `FileProblem` family (for a file that cannot be read, too)."""
    with files_explained(path), path.open("rb") as stream:
        return stage_stream(store, stream)


def stage_stream(store: Store, stream: BinaryIO) -> Staged:
    """Get everything that is left in a binary stream ready to `add`. Raises the `FileProblem` family."""
    head = stream.read(INLINE_LIMIT + 1)
    if len(head) <= INLINE_LIMIT:
        return inline(head)
    with files_explained(store.files), _incoming(store.files) as (target, name):
        md5, key, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
        chunk = head
        while chunk:
            md5.update(chunk)
            key.update(chunk)
            target.write(chunk)
            size += len(chunk)
            chunk = stream.read(_CHUNK)
        target.flush()
        os.fsync(target.fileno())
        place = _place(store.files, key.hexdigest())
        place.parent.mkdir(mode=0o700, exist_ok=True)
        if not (place.is_file() and place.stat().st_size == size):
            name.replace(place)
            _sync_folder(place.parent)
    return Staged(md5.hexdigest(), key.hexdigest(), size, None)


@contextmanager
def _incoming(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file to write to that is gone afterwards, unless it was moved; locked, so that `sweep` sees that it is in use."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_INCOMING, dir=folder)
    try:
        with os.fdopen(handle, "wb") as target:
            _lock(target.fileno())
            yield target, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def sweep(store: Store) -> int:
    """Remove what uploads of killed processes left behind; how many files. Uploads under way are left alone."""
    removed = 0
    for path in store.files.glob(f"{_INCOMING}*"):
        with suppress(OSError), path.open("rb") as left:
            if _lock(left.fileno()):
                path.unlink()
                removed += 1
    return removed


def _lock(handle: int) -> bool:
    """Take the lock of an incoming file. Where there are no such locks (Windows), an open file cannot be removed anyway."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def add(tx: Transaction, staged: Staged) -> None:
    """Make staged content known, under its key alone."""
    tx.run(
        "INSERT INTO contents (key, size, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        staged.key,
        staged.size,
        staged.data,
    )


def give(tx: Transaction, project_id: int, staged: Staged) -> None:
    """Make staged content known as what its MD5 means in a project. Whoever calls has checked that the actor may write there.

    Raises `Conflict` where the MD5 means other content there already.
    """
    held = find(tx, project_id, staged.md5)
    if held is not None:
        if held != staged.key and _sha256(tx, held) != staged.key:
            raise Conflict(
                f"other content with the MD5 {staged.md5} is in this project already; it is kept, and this one refused",
                hint="two files with one MD5 do not come about by chance: look where this one comes from",
            )
        return
    add(tx, staged)
    _hold(tx, project_id, staged.md5, staged.key)


def give_all(tx: Transaction, staged: Sequence[tuple[int, Staged]]) -> None:
    """`give` for much content of several projects, in few statements."""
    tx.many(
        "INSERT INTO contents (key, size, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(one.key, one.size, one.data) for _, one in staged],
    )
    tx.many(
        "INSERT INTO project_contents (project_id, md5, key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(project_id, one.md5, one.key) for project_id, one in staged],
    )
    for project_id, one in staged:
        give(tx, project_id, one)


def find(tx: Transaction, project_id: int, md5: str) -> str | None:
    """The key of what an MD5 means in a project; None where nothing was uploaded under it."""
    found: str | None = tx.value("SELECT key FROM project_contents WHERE project_id = ? AND md5 = ?", project_id, md5)
    return found


def adopt(tx: Transaction, project_id: int, md5: str) -> bool:
    """Let a project hold content that the actor can read in another one, as a draft of an artifact from there does.

    False where the actor can read no such content: whether it exists makes no difference.
    """
    if find(tx, project_id, md5) is not None:
        return True
    for row in tx.all(
        """SELECT f.artifact_id, p.entity_id, h.key FROM artifact_files f JOIN artifacts a ON a.id = f.artifact_id
           JOIN collections c ON c.id = a.sequence_id JOIN projects p ON p.id = c.project_id
           JOIN project_contents h ON h.project_id = p.id AND h.md5 = f.content_md5
           WHERE f.content_md5 = ? AND a.state = 'COMMITTED' ORDER BY f.artifact_id DESC""",
        md5,
    ):
        own = version_role(tx, row["artifact_id"], row["entity_id"])
        if own is not None and own.strength <= Role.VIEWER.strength:
            _hold(tx, project_id, md5, row["key"])
            return True
    return False


def _hold(tx: Transaction, project_id: int, md5: str, key: str) -> None:
    tx.run("INSERT INTO project_contents (project_id, md5, key) VALUES (?, ?, ?)", project_id, md5, key)


def size(tx: Transaction, key: str) -> int | None:
    """The size in bytes of some content; None where it is not here."""
    found: int | None = tx.value("SELECT size FROM contents WHERE key = ?", key)
    return found


def read(tx: Transaction, key: str) -> bytes:
    """Some content as bytes. Raises `NotFound`; `FileProblem` where its file is gone."""
    found = locate(tx, key)
    if isinstance(found, bytes):
        return found
    with files_explained(found):
        return found.read_bytes()


def locate(tx: Transaction, key: str) -> bytes | Path:
    """Some content, or the file that holds it, which stays readable after the transaction. Raises `NotFound`.

    Whoever calls has checked that the actor may read it.
    """
    row = tx.one("SELECT data FROM contents WHERE key = ?", key)
    if row is None:
        missing("file content")
    data: bytes | None = row["data"]
    return _place(tx.files, key) if data is None else data


def _sha256(tx: Transaction, key: str) -> str:
    """The SHA-256 of content, which is its key unless it is from a file of version 1. Raises as `read`."""
    return hashlib.sha256(read(tx, key)).hexdigest() if len(key) == _MD5_DIGITS else key


def _place(folder: Path, key: str) -> Path:
    return folder / key[:2] / key


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
