"""The state folder is this user's own, and not something that came with a branch.

What lies in a checkout was put there by whoever made the commit: a link there leads out of it, a receipt there says what
nobody here did, and a journal would be "finished". So none of it is opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from regsync.diagnostics import RegsyncError
from regsync.git import git_text


def check_own(folder: Path, parts: Sequence[Path], variable: str) -> RegsyncError | None:
    """The error for whoever would write to a state folder that belongs to somebody else; nothing in it is believed either.

    Raises `RegsyncError` where the folder or one of its `parts` is a link, or where it is committed. `variable`: the one
    that names another folder. What is not there yet is nobody's.
    """
    others = None
    for path in (*_ways_to(folder), *parts):
        try:
            found = path.lstat()
        except OSError:
            continue
        if stat.S_ISLNK(found.st_mode):
            raise _refused(f"{path} is a symbolic link", "remove it", variable)
        if path not in folder.parents and hasattr(os, "geteuid") and found.st_uid != os.geteuid():
            others = others or _refused(f"{path} belongs to another user", "remove it", variable)
    if others is None and any(path.is_dir() and next(path.iterdir(), None) is not None for path in parts):
        committed = (git_text(folder, "ls-files", "--", ".") or "").splitlines()
        if committed:
            raise _refused(
                f"it is committed in this repository ({committed[0]})",
                "take it out (`git rm -r --cached`) and into .gitignore",
                variable,
            )
    return others


def _ways_to(folder: Path) -> list[Path]:
    """The folder, and what leads to it where it was named from the current folder: what lies outside is the user's choice."""
    return [folder] if folder.is_absolute() else [each for each in (*reversed(folder.parents), folder) if each.name]


def _refused(why: str, cure: str, variable: str) -> RegsyncError:
    return RegsyncError(
        f"the state folder is not used: {why}",
        f"receipts and journals count only where regsync itself has written them; {cure}, or set {variable}",
        code="state-dir",
    )
