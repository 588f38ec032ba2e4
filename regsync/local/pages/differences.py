"""Any two versions that the visitor sees, compared: their metadata and their files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from regsync.local.pages.reading import Page
from regsync.local.pages.versions import Shown, named
from regsync.local.store import seen
from regsync.local.store.artifacts import Version
from regsync.local.store.database import Transaction
from regsync.slots import NamedTuple

MOST_FILES = 1000
"""Files of each version that a comparison looks at."""


class Difference(NamedTuple):
    """A key of the metadata or a file, in both versions; None where it is not in one."""

    name: str
    old: str | None
    new: str | None

    @property
    def differs(self) -> bool:
        """Whether the two versions differ here."""
        return self.old != self.new


def compare(tx: Transaction, at: Shown, asked: Mapping[str, str]) -> Page:
    """A version beside another one (`new`): of the same collection by index or alias, of any other place by its full name."""
    other = named(tx, asked.get("new", "").strip() or "latest", at)
    together = at.collection.id == other.collection.id
    old, new = (seen.files(tx, each.version, MOST_FILES) for each in (at, other))
    return Page(
        "compare.jinja",
        {
            "at": at,
            "old": at.short if together else at.name,
            "new": other.short if together else other.name,
            "other": other,
            "same_digest": at.version.digest == other.version.digest,
            "metadata": _differences(_texts(at.version), _texts(other.version)),
            "files": [
                each
                for each in _differences(
                    {file.path: file.digest for file in old},
                    {file.path: file.digest for file in new},
                )
                if each.differs
            ],
            "left_out": max(at.version.file_count, other.version.file_count) > MOST_FILES,
            "most_files": MOST_FILES,
        },
    )


def _texts(version: Version) -> dict[str, str]:
    return {name: _text(value) for name, value in version.metadata.items()}


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
    return [Difference(name, old.get(name), new.get(name)) for name in sorted({*old, *new})]
