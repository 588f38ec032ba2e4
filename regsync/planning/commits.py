"""What Git tells of manifests: which commit changed what is declared. Never required; outside of Git nothing is told."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path

from regsync.diagnostics import DiagnosticsError
from regsync.git import git_bytes, git_text
from regsync.names import Address
from regsync.slots import NamedTuple, dataclass

MOST_COMMITS = 50
"""Commits that are looked into, newest first. Each is read twice at most: as it is, and as it was before it."""

Declared = Mapping[Address, str | None]
"""What each alias is bound to, as text with variables put in; None: `absent`."""
Read = Callable[[Path, Path], Declared]
"""What manifests declare, given the folder that a commit was written to and the folder of the working copy that it stands for.
Raises `DiagnosticsError`."""


class Commit(NamedTuple):
    """One commit. `at` is RFC 3339, UTC; `who` and `subject` are texts of strangers."""

    id: str
    at: str
    who: str
    subject: str


class Redeclared(NamedTuple):
    """A commit that changed what an alias is bound to. `before` and `after` None: it was not mentioned; "absent" as written."""

    commit: Commit
    address: Address
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """The changes, oldest first; and why there may be more than these."""

    changes: tuple[Redeclared, ...] = ()
    note: str | None = None


@dataclass(slots=True)
class _Repository:
    """A checkout and the paths in it that matter; `snapshots` by the blobs that they consist of."""

    root: Path
    paths: tuple[str, ...]
    read: Read
    snapshots: dict[frozenset[tuple[str, str]], Declared | None] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def declared(self, commit: str) -> Declared | None:
        """What the manifests declared there; None where they could not be read."""
        files = frozenset(self._files(commit))
        if files not in self.snapshots:
            self.snapshots[files] = self._load(sorted(files))
        return self.snapshots[files]

    def _files(self, commit: str) -> Iterator[tuple[str, str]]:
        """Path and blob of every plain file there; links are not followed."""
        listed = git_text(self.root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *self.paths) or ""
        for line in filter(None, listed.split("\0")):
            kind, _, path = line.partition("\t")
            mode, _, blob = kind.split(" ")
            if mode.startswith("100"):
                yield path, blob

    def _load(self, files: Sequence[tuple[str, str]]) -> Declared | None:
        if not files:
            return {}
        with tempfile.TemporaryDirectory(prefix="regsync-history-") as folder:
            for path, blob in files:
                target = Path(folder, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self._blob(blob))
            try:
                return self.read(Path(folder).resolve(), self.root)
            except (DiagnosticsError, OSError):
                return None

    def _blob(self, blob: str) -> bytes:
        if blob not in self.blobs:
            self.blobs[blob] = git_bytes(self.root, "cat-file", "blob", blob) or b""
        return self.blobs[blob]


def redeclared(
    paths: Iterable[Path], addresses: Callable[[Address], bool], read: Read, most: int = MOST_COMMITS
) -> Told:
    """The commits that changed what those addresses are bound to. `paths`: all files and folders that the manifests consist of."""
    named = [path.resolve() for path in paths]
    folder = next((path if path.is_dir() else path.parent for path in named if path.exists()), None)
    root = git_text(folder, "rev-parse", "--show-toplevel") if folder else None
    if not root:
        return Told(note="the manifests are not in Git")
    inside = [path for path in named if path.is_relative_to(root)]
    repository = _Repository(Path(root), tuple(_in_git(path.relative_to(root)) for path in inside), read)
    commits = list(_commits(repository, most + 1))
    note = f"only the newest {most} commits that touch the manifests were looked into" if len(commits) > most else None
    found: list[Redeclared] = []
    unread = 0
    for commit, parent in reversed(commits[:most]):
        after = repository.declared(commit.id)
        before = repository.declared(parent) if parent else {}
        if after is None or before is None:
            unread += 1
            continue
        changed = {
            address for address in before.keys() | after.keys() if _text(before, address) != _text(after, address)
        }
        found += [
            Redeclared(commit, address, _text(before, address), _text(after, address))
            for address in sorted(filter(addresses, changed), key=str)
        ]
    if unread:
        more = f"{unread} commits hold manifests that cannot be read, or stand right behind such a commit"
        note = f"{note}; {more}" if note else more
    return Told(tuple(found), note)


def _text(declared: Declared, address: Address) -> str | None:
    if address not in declared:
        return None
    return declared[address] or "absent"


def _in_git(path: Path) -> str:
    """A path for Git, with nothing in it taken for a pattern."""
    return f":(literal){path.as_posix()}" if path.parts else ":(top)"


def _commits(repository: _Repository, most: int) -> Iterator[tuple[Commit, str | None]]:
    """Commits that touch the paths, newest first, merges left out, each with its parent."""
    arguments = (f"--max-count={most}", "--no-merges", "-z", "--format=%H%x1f%P%x1f%ct%x1f%an%x1f%s")
    log = git_bytes(repository.root, "log", *arguments, "--", *repository.paths) or b""
    for line in filter(None, log.decode("utf-8", "replace").split("\0")):
        commit, parents, seconds, who, subject = line.split("\x1f", 4)
        at = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield Commit(commit, at, who, subject), parents.split(" ")[0] or None
