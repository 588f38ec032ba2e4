"""Writing manifests: whole or not at all, and never over something else than what was read."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from regsync.diagnostics import RegsyncError


def rewrite(files: Mapping[str, tuple[str, str]]) -> None:
    """Replace the contents of files; by name, the SHA-256 of what was read and the new text.

    Permissions stay, and a symbolic link stays one. Everything is written beside the files first, so that a full disk or a
    missing permission leaves all of them as they were. Raises `RegsyncError` (also where a file has changed meanwhile).
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for name, (sha256, text) in files.items():
            target = Path(os.path.realpath(name))
            temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
            mark = _byte_order_mark(target, name, sha256)
            staged.append((temporary, target))
            with temporary.open("wb") as file:
                file.write(mark + text.encode())
                file.flush()
                os.fsync(file.fileno())
            shutil.copymode(target, temporary)
        for temporary, target in staged:
            temporary.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"cannot write {error.filename or ', '.join(files)}: {reason}"
        raise RegsyncError(message, "nothing was changed", code="cannot-write") from error
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def _byte_order_mark(target: Path, name: str, sha256: str) -> bytes:
    """The mark that the file starts with, if any, so that it stays. Checks that the file may be replaced."""
    before = target.read_bytes()
    if hashlib.sha256(before).hexdigest() != sha256:
        raise RegsyncError(f"{name} was changed while regsync worked on it", "run this again", code="file-changed")
    if not os.access(target, os.W_OK):
        raise RegsyncError(f"cannot write {name}: permission denied", "nothing was changed", code="cannot-write")
    mark = b"\xef\xbb\xbf"
    return mark if before.startswith(mark) else b""


def create(files: Mapping[Path, str]) -> None:
    """Make new files, with their folders: all of them or none. Raises `RegsyncError`, also where one is there already."""
    there = sorted(str(path) for path in files if os.path.lexists(path))
    if there:
        others = f" and {len(there) - 3} more" if len(there) > 3 else ""
        message = f"{', '.join(there[:3])}{others} {'is' if len(there) == 1 else 'are'} there already"
        raise RegsyncError(message, "nothing was written; name another folder, or move these away", code="file-exists")
    staged: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            staged.append((temporary, path))
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        for temporary, path in staged:
            temporary.replace(path)
            made.append(path)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        message = f"cannot write {error.filename or 'the files'}: {error.strerror or error}"
        raise RegsyncError(message, "no file was left behind", code="cannot-write") from error
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
