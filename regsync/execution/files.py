"""Files that must be there whole, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from regsync.diagnostics import RegsyncError


def sync_folder(folder: Path) -> None:
    """See to it that the names in a folder are on disk, as far as its file system can. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # Some file systems cannot do this for folders; the file itself is safe.
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_writable(path: Path) -> None:
    """Raise `RegsyncError` where a file could not be written there; for what is written after something irreversible."""
    folder = path.parent
    reason = None
    if not folder.is_dir():
        reason = "its folder is not there"
    elif path.is_dir():
        reason = "it is a folder"
    elif not os.access(folder, os.W_OK):
        reason = "its folder cannot be written to"
    if reason:
        raise RegsyncError(f"cannot write {path}: {reason}", "nothing was changed", code="cannot-write")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all, even where the machine stops meanwhile.

    Raises `RegsyncError` with the path and the reason.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise RegsyncError(
            f"cannot write {path}: {reason}", "nothing was written there", code="cannot-write"
        ) from error
