"""Files that must be there whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from regsync.diagnostics import RegsyncError


def sync_folder(folder: Path) -> None:
    """See to it that the names in a folder are on disk, as far as its file system can. Raises `OSError`."""
    if os.name == "nt":  # Windows opens no folder, and writes its names without being asked.
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # Some file systems cannot do this for folders; the file itself is safe.
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_writable(path: Path) -> None:
    """Raise `RegsyncError` where a file could not be written there; for what is written after something irreversible."""
    reason = _obstacle(path)
    if reason is None and not _is_special(path):
        probe = _temporary(_behind_the_systems_link(path))
        try:
            probe.touch()
            probe.unlink()
        except OSError as error:
            reason = f"its folder cannot be written to: {error.strerror or error}"
    if reason:
        raise RegsyncError(f"cannot write {path}: {reason}", "nothing was changed", code="cannot-write")


def _obstacle(path: Path) -> str | None:
    """Why no file can be written there, as far as a look tells."""
    if path.is_dir():
        return "it is a folder"
    if not path.name:
        return "that names no file"
    link = _link_in(path)
    if link is not None:
        return f"{link} is a symbolic link, and results are not written through one"
    return None if path.parent.is_dir() else "its folder is not there"


def _is_special(path: Path) -> bool:
    """A device or a pipe: it is written to, and never replaced."""
    return path.exists() and not path.is_file()


def _link_in(path: Path) -> Path | None:
    """A symbolic link that leads to the file, where a branch may have brought it: below the current folder, or the file itself.

    The links below /dev are the system's (`/dev/stdout`).
    """
    if path.is_absolute():
        return path if path.is_symlink() and not path.is_relative_to("/dev") else None
    return next((each for each in (*reversed(path.parents), path) if each.name and each.is_symlink()), None)


def _behind_the_systems_link(path: Path) -> Path:
    """The file that `/dev/stdout` stands for, which must not be replaced itself."""
    return path.resolve() if path.is_symlink() else path


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def write_whole(path: Path, text: str | Iterable[str]) -> None:
    """Write a file so that it is there whole or not at all, even where the machine stops meanwhile. `text`: or pieces of it.

    Only its owner can read it: plans and receipts quote metadata that not everybody may see. Raises `RegsyncError` with the
    path and the reason.
    """
    reason = _obstacle(path)
    if reason:
        raise RegsyncError(f"cannot write {path}: {reason}", "nothing was written there", code="cannot-write")
    pieces = (text,) if isinstance(text, str) else text
    if _is_special(path):
        _write_to_special(path, pieces)
        return
    path = _behind_the_systems_link(path)
    temporary = _temporary(path)
    try:
        temporary.unlink(
            missing_ok=True
        )  # Of a killed process with the same number, or a link that somebody put there.
        with open(temporary, "x", encoding="utf-8", newline="\n", opener=_private) as file:
            file.writelines(pieces)
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


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_to_special(path: Path, pieces: Iterable[str]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RegsyncError(f"cannot write {path}: {reason}", code="cannot-write") from error


def check_no_input(path: Path, inputs: Iterable[Path]) -> None:
    """Raise `RegsyncError` where a result would be written over one of the files that it was made from."""
    for each in inputs:
        if path.exists() and each.exists() and path.samefile(each):
            raise RegsyncError(
                f"cannot write {path}: this command reads it ({each})",
                "nothing was written; give another file",
                code="cannot-write",
            )
