"""Writing manifests that were read before: whole or not at all, and never over somebody else's change."""

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
