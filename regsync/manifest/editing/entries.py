"""Entries that a map does not have yet: those that go into one map are put there together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from regsync.manifest.editing.splice import Columns, Document, Pin, Splice, pinned, quoted
from regsync.manifest.reading.spans import Map, Node, Scalar
from regsync.slots import NamedTuple

Entry = tuple[Node, Node]


class Addition(NamedTuple):
    """An entry for a map: a version, or a text. It goes to the end.

    `sorts`: not where the others are sorted, then it goes among them. `styled`: it is laid out and quoted as they are.
    """

    document: Document
    parent: Map
    key: str
    value: Pin | str
    sorts: bool = False
    styled: bool = True

    @property
    def where(self) -> tuple[str, int]:
        """The map, as file and offset."""
        return self.document.name, self.parent.start.offset


def added(additions: Sequence[Addition]) -> dict[str, list[Splice]]:
    """What puts all of these, which are for one map, there: as if one were put there after the other. By file name."""
    document, parent = additions[0].document, additions[0].parent
    document.check_own(parent)
    neighbours = _Neighbours(document, parent)
    for each in additions:
        neighbours.take(each)
    splices: list[Splice] = []
    here: list[str] = []
    after: Entry | None = None
    for written in (*neighbours.inorder, None):
        if isinstance(written, str):
            here.append(written)
            continue
        splices += document.put(parent, here, after) if here else []
        here, after = [], written
    return {document.name: splices}


class _Neighbours:
    """The entries of a map with those that are new among them, and how the next one is written."""

    def __init__(self, document: Document, parent: Map) -> None:
        self.is_json = document.flow
        self.flow = parent.flow
        self.inorder: list[Entry | str] = [*parent.entries]
        self.names = [key.value if isinstance(key, Scalar) else "" for key, _ in parent.entries]
        self.is_sorted = self.names == sorted(self.names)
        self.key_styles = _styles(key for key, _ in parent.entries)
        self.value_styles = _styles(value for _, value in parent.entries)
        self.columns = Columns.of(parent)

    def take(self, new: Addition) -> None:
        """Find the place of an entry, and write it."""
        value, colon = self._value(new), f"{self._key(new)}:"
        gap = self.columns.gap(colon) if new.styled and not self.flow else 1
        at = len(self.names)
        if new.sorts and self.is_sorted and at > 1:
            at = bisect_left(self.names, new.key)
        elif self.names and self.names[-1] > new.key:
            self.is_sorted = False
        self.inorder.insert(at, f"{colon}{' ' * gap}{value}")
        self.names.insert(at, new.key)
        self.key_styles.add(_style_in(colon))
        if not value.startswith("{"):
            self.value_styles.add(_style_in(value))
        self.columns.ends.add(self.columns.first + len(colon) - 1)
        self.columns.values.add(self.columns.first + len(colon) + gap)

    def _key(self, new: Addition) -> str:
        if not new.styled and not self.flow:
            return quoted(new.key)
        only = '"' if self.is_json and not self.names else ""
        return quoted(new.key, _only(self.key_styles, only), flow=self.flow)

    def _value(self, new: Addition) -> str:
        if isinstance(new.value, str):
            return quoted(new.value, _only(self.value_styles, "") if self.flow else "", flow=self.flow)
        only = '"' if self.is_json else ""
        if not new.styled:
            style = only if self.flow else ""
            return pinned(new.value, style, style, flow=self.flow)
        return pinned(new.value, _only(self.value_styles, only), _only(self.key_styles, only), flow=self.flow)


def _only(styles: set[str], otherwise: str) -> str:
    return next(iter(styles)) if len(styles) == 1 else otherwise


def _styles(nodes: Iterable[Node]) -> set[str]:
    return {node.style for node in nodes if isinstance(node, Scalar) and not node.is_block}


def _style_in(text: str) -> str:
    return text[0] if text[:1] in {"'", '"'} else ""
