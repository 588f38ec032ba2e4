"""What manifests managed before and do not any more, as the checked-out Git history and the last receipt tell it.

Never required: outside of Git and without a receipt nothing is known. Old manifests are only looked through for names; they are
not composed, so that a mistake in one of them does not matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from regsync.backends.base import BackendError
from regsync.core.live import Live
from regsync.core.operation import Operation
from regsync.git import git_bytes, git_text
from regsync.manifest.reading.files import MAX_FILE_SIZE, SUFFIXES
from regsync.manifest.reading.tree import Block, Items, parse
from regsync.names import Address

if TYPE_CHECKING:
    from regsync.backends.base import Reader
    from regsync.core.unmanaged import NoLonger
    from regsync.execution.receipt import Record
    from regsync.manifest.reading.load import Loaded

MOST_COMMITS = 1000
"""Commits of the branch among which the last one that changed the manifests is looked for: in a huge repository, not in all."""
MOST_FILES = 200
"""Old versions of manifests that are looked through."""
MOST_LISTED = 100
"""Things that are listed."""


class _Before:
    """What was managed once, by address, with the commit that tells; and aliases that were declared protected, by registry."""

    def __init__(self) -> None:
        self.known: dict[Address, str | None] = {}
        self.protected: dict[str, set[str]] = {}

    def add(self, address: Address, commit: str | None) -> None:
        self.known.setdefault(address, commit)


def no_longer_managed(
    loaded: Loaded, reader: Reader, operations: Sequence[Operation], last: Record | None
) -> tuple[NoLonger, ...]:
    """What was managed and is live, and nothing declares it now. `last`: the newest receipt of an apply of all manifests here.

    Reads what these things hold, and nothing where there are none. Where that cannot be read, nothing is told.
    """
    before = _Before()
    for each, data in _old_manifests(loaded):
        _look_through(data, each, before)
    if last is not None:
        for text in [*last.seen.fingerprints, *last.seen.bindings]:
            before.add(_address(text), None)
    if not before.known:
        return ()
    from regsync.core.unmanaged import NoLonger, at, scope_of_addresses, undeclared

    left = undeclared(loaded.desired, before.known)
    if not left:
        return ()
    try:
        live = reader.observe(scope_of_addresses(left))
    except BackendError:
        return ()
    found = []
    for address, commit in left.items():
        protected = frozenset(before.protected.get(address.registry, ()))
        there = at(address, live, protected)
        if there is not None:
            found.append(NoLonger(there, commit, _hint(address, live, operations)))
    return tuple(found[:MOST_LISTED])


def _hint(address: Address, live: Live, operations: Sequence[Operation]) -> str | None:
    from regsync.core.unmanaged import perhaps_renamed

    renamed = perhaps_renamed(address, live, operations)
    if renamed is None:
        return None
    former, created = renamed
    return (
        f"{created.action.address} is made anew with a version of it: if it was renamed, "
        f"write `previously: {former}` in the block at {created.reason.position}"
    )


def _address(text: str) -> Address:
    registry, _, rest = text.partition("/")
    collection, _, alias = rest.partition(":")
    return Address(registry, collection or None, alias or None)


def _look_through(data: bytes, commit: str, before: _Before) -> None:
    """Note everything that one old manifest declares, but for what it declares absent."""
    for document in parse(data.removeprefix(b"\xef\xbb\xbf"), "before").documents:
        for name, registry in _entries(document.root, "registries"):
            before.add(Address(name), commit)
            listed = registry.get("protected_aliases")
            aliases = [each for each in listed if isinstance(each, str)] if isinstance(listed, Items) else []
            before.protected.setdefault(name, set()).update(aliases)
            for inner, collection in _entries(registry, "collections"):
                before.add(Address(name, inner), commit)
                bound = collection.get("aliases")
                for alias, value in bound.items() if isinstance(bound, Block) else ():
                    if value != "absent":
                        before.add(Address(name, inner, alias), commit)


def _entries(block: Any, key: str) -> Iterator[tuple[str, Block]]:
    inside = block.get(key) if isinstance(block, Block) else None
    if isinstance(inside, Block):
        yield from ((name, value) for name, value in inside.items() if isinstance(value, Block))


def _old_manifests(loaded: Loaded) -> Iterator[tuple[str, bytes]]:
    """The manifests of earlier commits that are not as they are here, newest commit first, each with the commit."""
    named = [Path(path).absolute() for path in loaded.paths]
    folder = next((path if path.is_dir() else path.parent for path in named if path.parent.is_dir()), None)
    root = git_text(folder, "rev-parse", "--show-toplevel") if folder is not None else None
    if not root:
        return
    inside = [path.resolve().relative_to(root) for path in named if path.resolve().is_relative_to(root)]
    paths = [f":(literal){path.as_posix()}" if path.parts else ":(top)" for path in inside]
    if not paths:
        return
    here = {_blob_id(Path(file.path), kind) for file in loaded.files for kind in ("sha1", "sha256")}
    seen: set[str] = set()
    for commit in _earlier(Path(root), paths):
        for name, blob in _files(Path(root), commit, paths):
            if blob not in here and blob not in seen and len(seen) < MOST_FILES and _counts(name, inside):
                seen.add(blob)
                data = git_bytes(Path(root), "cat-file", "blob", blob)
                if data is not None and len(data) <= MAX_FILE_SIZE:
                    yield commit, data


def _earlier(root: Path, paths: Sequence[str]) -> Iterator[str]:
    """The commits that tell what was managed before: this one, where the branch left the main one, and the one before the last
    change of these paths."""
    head = git_text(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not head:
        return
    oldest = git_text(root, "rev-parse", "--verify", "--quiet", f"HEAD~{MOST_COMMITS}^{{commit}}")
    commits = f"{oldest}..HEAD" if oldest else "HEAD"
    touched = git_text(root, "rev-list", "--first-parent", "--max-count=1", commits, "--", *paths)
    known = [
        head,
        git_text(root, "merge-base", "HEAD", "refs/remotes/origin/HEAD"),
        git_text(root, "rev-parse", "--verify", "--quiet", f"{touched}^1") if touched else None,
    ]
    yield from dict.fromkeys(commit for commit in known if commit)


def _files(root: Path, commit: str, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Path and blob of every plain file there; links are not followed."""
    listed = git_text(root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths) or ""
    for line in filter(None, listed.split("\0")):
        kind, _, path = line.partition("\t")
        mode, _, blob = kind.split(" ")
        if mode.startswith("100"):
            yield path, blob


def _counts(name: str, inside: Iterable[Path]) -> bool:
    """Whether a file would be read where these paths are named."""
    path = PurePosixPath(name)
    for place in inside:
        if path == PurePosixPath(place.as_posix()):
            return True
        if path.is_relative_to(place.as_posix()):
            below = path.relative_to(place.as_posix()).parts
            return path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in below)
    return False


def _blob_id(path: Path, kind: str) -> str:
    try:
        data = path.read_bytes()
    except OSError:
        return ""
    return hashlib.new(kind, b"blob %d\0" % len(data) + data).hexdigest()
