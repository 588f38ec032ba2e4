"""The Git commit that manifests come from."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regsync.manifest.reading.load import Loaded

MOST_FILES = 1000
"""Files whose state Git is asked about; more would not fit on a command line everywhere."""


def git_commit(loaded: Loaded) -> str | None:
    """The commit that is checked out where the first manifest lies, with `-dirty` where a manifest is not as committed.

    None outside of Git, or without Git.
    """
    if not loaded.files:
        return None
    folder = Path(loaded.files[0].path).resolve().parent
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return None
    files = [str(Path(file.path).resolve()) for file in loaded.files[:MOST_FILES]]
    changed = _git(folder, "status", "--porcelain", "--untracked-files=all", "--ignored", "--", *files)
    return commit if changed == "" else f"{commit}-dirty"


def _git(folder: Path, *args: str) -> str | None:
    """What git prints; None where it fails.

    Nothing that a stranger's folder asks for is run: no monitor, and no repository that lies bare among the files, whose
    settings would count as if they were the user's own.
    """
    safe = ("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit")
    command = ["git", *safe, "-C", str(folder), *args]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
