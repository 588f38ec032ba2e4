"""YAML as nodes that know the exact span of text they were written in: what edits and the formatter work on.

`tree` reads what a manifest says; this reads how it is written. Give it only text that `tree.parse` had no complaint about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from regsync.slots import NamedTuple

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line for libyaml; `str.splitlines` ends lines at other characters as well."""
_COMMENT = re.compile(r"(?:^|(?<=[ \t\r\n]))#[^\r\n]*")
_PROPERTIES = re.compile(r"&[^\s,\[\]{}]+(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|[\n\r])|[ \t])*")


class Spot(NamedTuple):
    """A place in the text: its offset, and the line and column as libyaml counts them, from 0."""

    offset: int
    line: int
    column: int


@dataclass(slots=True, eq=False)
class Node:
    """`start` to `end` is the whole node, its anchor included. For a block map or list `end` is where the next thing starts."""

    start: Spot
    end: Spot
    anchor: str | None = None


@dataclass(slots=True, eq=False)
class Scalar(Node):
    """`style` is `'`, `"`, `|`, `>`, or empty for an unquoted one."""

    value: str = ""
    style: str = ""

    @property
    def is_block(self) -> bool:
        return self.style in {"|", ">"}


@dataclass(slots=True, eq=False)
class Repeat(Node):
    """`*name`."""

    name: str = ""


@dataclass(slots=True, eq=False)
class Map(Node):
    """`flow`: written in braces."""

    flow: bool = False
    entries: list[tuple[Node, Node]] = field(default_factory=list)
    _by_name: dict[str, tuple[Node, Node]] | None = field(default=None, init=False)
    """Made at the first look; by then all entries are there."""

    def find(self, name: str) -> tuple[Node, Node] | None:
        """The key and value of an entry, or None."""
        if self._by_name is None:
            self._by_name = {}
            for entry in self.entries:
                if isinstance(entry[0], Scalar):
                    self._by_name.setdefault(entry[0].value, entry)
        return self._by_name.get(name)


@dataclass(slots=True, eq=False)
class List(Node):
    """`flow`: written in brackets."""

    flow: bool = False
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Written:
    """One document. `explicit`: it starts with `---`, at `start`; `end` is at `...`, the next `---` or the end of the text."""

    root: Node
    start: Spot
    end: Spot
    explicit: bool


def spans(text: str) -> list[Written]:
    """The documents of a text without a byte order mark. Raises `yaml.YAMLError` for what is no YAML."""
    return list(_Reader(text).documents())


def scalars(nodes: Iterable[Node]) -> list[Scalar]:
    """Every scalar in the nodes, keys included, as they stand in the text."""
    found: list[Scalar] = []
    for node in nodes:
        if isinstance(node, Scalar):
            found.append(node)
        elif isinstance(node, Map):
            found += scalars(each for entry in node.entries for each in entry)
        elif isinstance(node, List):
            found += scalars(node.items)
    return found


def comments(text: str) -> list[str]:
    """Every comment of a text, from `#` to the end of its line without trailing spaces."""
    pieces: list[str] = []
    end = 0
    for scalar in scalars(document.root for document in spans(text)):
        start = scalar.start.offset
        if scalar.is_block:
            start = text.find("\n", start) if "\n" in text[start:] else len(text)
        pieces.append(text[end:start])
        end = max(end, scalar.end.offset)
    pieces.append(text[end:])
    return [found.rstrip() for found in _COMMENT.findall("\n".join(pieces))]


def after_properties(text: str, node: Node) -> int:
    """The offset where the value of a node starts, after its `&anchor`."""
    found = _PROPERTIES.match(text, node.start.offset, node.end.offset) if node.anchor else None
    return found.end() if found else node.start.offset


class _Reader:
    def __init__(self, text: str) -> None:
        self.get: Callable[[], Any] = _LOADER(text.encode()).get_event
        self.starts = [0, *(match.end() for match in LINE_BREAK.finditer(text)), len(text)]

    def spot(self, mark: Any) -> Spot:
        return Spot(self.starts[min(mark.line, len(self.starts) - 1)] + mark.column, mark.line, mark.column)

    def documents(self) -> Iterator[Written]:
        while True:
            event: Any = self.get()
            if event.__class__ is StreamEndEvent:
                return
            if event.__class__ is DocumentStartEvent:
                root = self.node(self.get())
                end: Any = self.get()
                while end.__class__ is not DocumentEndEvent:
                    end = self.get()
                dashes = self.spot(event.end_mark)
                start = Spot(dashes.offset - 3, dashes.line, dashes.column - 3) if event.explicit else root.start
                yield Written(root, start, self.spot(end.start_mark), bool(event.explicit))

    def node(self, event: Any) -> Node:
        start, end = self.spot(event.start_mark), self.spot(event.end_mark)
        kind = event.__class__
        if kind is AliasEvent:
            return Repeat(start, end, None, event.anchor)
        if kind is ScalarEvent:
            return Scalar(start, end, event.anchor, event.value, event.style or "")
        if kind is MappingStartEvent:
            return self.map(event, start)
        return self.list(event, start)

    def map(self, event: Any, start: Spot) -> Map:
        result = Map(start, start, event.anchor, bool(event.flow_style))
        while (event := self.get()).__class__ is not MappingEndEvent:
            key = self.node(event)
            result.entries.append((key, self.node(self.get())))
        result.end = self.spot(event.end_mark)
        return result

    def list(self, event: Any, start: Spot) -> List:
        result = List(start, start, event.anchor, bool(event.flow_style))
        while (event := self.get()).__class__ is not SequenceEndEvent:
            result.items.append(self.node(event))
        result.end = self.spot(event.end_mark)
        return result
