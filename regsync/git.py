"""Asking Git, for reading only. Nothing that a stranger's folder asks for is run."""

from __future__ import annotations

import os
from pathlib import Path

_SAFE = (
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "safe.bareRepository=explicit",
    "-c",
    "protocol.allow=never",
    "-c",
    "log.showSignature=false",
)
"""No monitor; no repository that lies bare among the files, whose settings would count as if they were the user's own; nothing
is fetched that a partial clone has left out; no program that verifies signatures."""
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
"""Nothing is written, not even a refreshed index; nobody is asked for a password."""
_SECONDS = 30


def git_text(folder: Path, *args: str) -> str | None:
    """What git prints, without spaces around it; None where it fails, or is not there."""
    answer = git_bytes(folder, *args)
    return None if answer is None else answer.decode("utf-8", "replace").strip()


def git_bytes(folder: Path, *args: str) -> bytes | None:
    """The same, as it is."""
    if not _may_be_in_a_repository(folder):
        return None
    import subprocess  # Loading it takes a tenth of what a small plan takes, and outside of Git nothing needs it.

    command = ["git", *_SAFE, "-C", str(folder), *args]
    try:
        answer = subprocess.run(
            command, capture_output=True, timeout=_SECONDS, check=False, env={**os.environ, **_QUIET}
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return answer.stdout if answer.returncode == 0 else None


def _may_be_in_a_repository(folder: Path) -> bool:
    """Whether git could find a repository there: one that lies above the folder, or one that the environment names."""
    if "GIT_DIR" in os.environ:
        return True
    try:
        here = folder.resolve()
        return any((place / ".git").exists() for place in (here, *here.parents))
    except (
        OSError,
        ValueError,
        RuntimeError,
    ):  # Not to be looked into, no path at all, links in a circle: git will tell.
        return True
