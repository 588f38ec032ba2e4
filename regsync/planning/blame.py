"""Which commit wrote a line of a manifest, as the checked-out history tells it. Never required, and nothing is told that is not sure.

Only what is committed is given to Git, and compared with the file here: so no filter that a repository asks for is run on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from difflib import SequenceMatcher
from pathlib import Path

from regsync.git import git_bytes, git_text
from regsync.slots import dataclass

MOST_LINES = 200
"""Lines of one file that are looked up."""
MOST_COMPARED = 3000
"""Lines of a file that differ from the committed ones and are still compared one by one."""
_OPTIONS = ("--porcelain", "--root", "--no-textconv")
_HEADER = re.compile(rb"([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?")


@dataclass(slots=True)
class Blame:
    """The history of one checkout's manifests. Answers are kept: the same question is asked of Git once."""

    _files: dict[str, _File | None] = field(default_factory=dict)
    _older: dict[tuple[str, str], bool] = field(default_factory=dict)

    def commits(self, path: str, lines: Iterable[int]) -> Mapping[int, str | None]:
        """The commit of each line of a file; None: not committed yet. A line of which it is not known is left out."""
        file = self._file(path)
        return {} if file is None else file.commits(sorted(set(lines))[:MOST_LINES])

    def last_change(self, path: str) -> tuple[str | None] | None:
        """The newest commit that changed a file, or (None) its uncommitted change. No answer: not known."""
        file = self._file(path)
        return None if file is None else file.last_change()

    def is_older(self, commit: str, than: str | None, path: str) -> bool:
        """Whether a commit was there before another one, or before what is not committed yet."""
        if than is None or commit == than:
            return than is None
        if (commit, than) not in self._older:
            answer = git_bytes(Path(path).resolve().parent, "merge-base", "--is-ancestor", commit, than)
            self._older[commit, than] = answer is not None
        return self._older[commit, than]

    def _file(self, path: str) -> _File | None:
        if path not in self._files:
            self._files[path] = _read(path)
        return self._files[path]


@dataclass(frozen=True, slots=True)
class _File:
    """A file here, and as it is committed. `cut`: commits at which a shallow clone ends, so that they only seem to have written it."""

    folder: Path
    name: str
    here: Sequence[bytes]
    committed: Sequence[bytes] | None
    cut: frozenset[str]

    def commits(self, lines: Sequence[int]) -> dict[int, str | None]:
        known = [line for line in lines if 0 < line <= len(self.here)]
        if self.committed is None:
            return dict.fromkeys(known, None)
        places = _where_committed(self.here, self.committed, known)
        blamed = self._blamed({there for there in places.values() if there is not None})
        found: dict[int, str | None] = {line: None for line, there in places.items() if there is None}
        for line, there in places.items():
            if there is not None and there in blamed and blamed[there] not in self.cut:
                found[line] = blamed[there]
        return found

    def _blamed(self, lines: Iterable[int]) -> dict[int, str]:
        wanted = [f"-L{line},{line}" for line in sorted(lines)]
        if not wanted:
            return {}
        told = git_bytes(self.folder, "blame", *_OPTIONS, *wanted, "HEAD", "--", self.name)
        headers = (_HEADER.fullmatch(line) for line in (told or b"").split(b"\n"))
        return {int(header[2]): header[1].decode() for header in headers if header}

    def last_change(self) -> tuple[str | None] | None:
        if self.committed is None or list(self.here) != list(self.committed):
            return (None,)
        commit = git_text(self.folder, "rev-list", "--max-count=1", "HEAD", "--", f":(literal){self.name}")
        return None if not commit or commit in self.cut else (commit,)


def _read(path: str) -> _File | None:
    """None outside of Git, before its first commit, or where the file cannot be read."""
    try:
        file = Path(path).resolve()
        here = file.read_bytes()
    except (OSError, ValueError):
        return None
    folder = file.parent
    if not git_text(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
        return None
    committed = git_bytes(folder, "cat-file", "blob", f"HEAD:./{file.name}")
    return _File(folder, file.name, _lines(here), None if committed is None else _lines(committed), _cut_at(folder))


def _lines(data: bytes) -> list[bytes]:
    return data.replace(b"\r\n", b"\n").split(b"\n")


def _cut_at(folder: Path) -> frozenset[str]:
    """The commits whose parents a shallow clone leaves out."""
    told = git_text(folder, "rev-parse", "--git-path", "shallow")
    try:
        return frozenset((folder / told).read_text("ascii").split()) if told else frozenset()
    except (OSError, ValueError):
        return frozenset()


def _where_committed(here: Sequence[bytes], there: Sequence[bytes], lines: Iterable[int]) -> dict[int, int | None]:
    """For each line here its number in the committed file; None where it is not there like that. What is too much is left out."""
    start = 0
    while start < min(len(here), len(there)) and here[start] == there[start]:
        start += 1
    end = 0
    while end < min(len(here), len(there)) - start and here[-1 - end] == there[-1 - end]:
        end += 1
    middle_here, middle_there = here[start : len(here) - end], there[start : len(there) - end]
    if max(len(middle_here), len(middle_there)) > MOST_COMPARED:
        same = None
    else:
        matcher = SequenceMatcher(None, middle_here, middle_there, autojunk=False)
        same = {
            start + block.a + offset + 1: start + block.b + offset + 1
            for block in matcher.get_matching_blocks()
            for offset in range(block.size)
        }
    found: dict[int, int | None] = {}
    for line in lines:
        if line <= start:
            found[line] = line
        elif line > len(here) - end:
            found[line] = line - len(here) + len(there)
        elif same is not None:
            found[line] = same.get(line)
    return found
