"""The Git commit that manifests come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from regsync.git import git_text

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
    commit = git_text(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return None
    files = [str(Path(file.path).resolve()) for file in loaded.files[:MOST_FILES]]
    changed = git_text(folder, "status", "--porcelain", "--untracked-files=all", "--ignored", "--", *files)
    return commit if changed == "" else f"{commit}-dirty"
