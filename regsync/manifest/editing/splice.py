"""Changing a few characters of a YAML text: a scalar, a map in braces, one line more or less. Everything else stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import yaml

from regsync.diagnostics import Diagnostic, DiagnosticsError, Position
from regsync.manifest.reading.spans import List, Map, Node, Repeat, Scalar, after_properties
from regsync.manifest.writing.emit import READ_AS_OTHER, YamlDumper
from regsync.names import has_hidden

ABSENT = "absent"


class Splice(NamedTuple):
    """Put `text` where the characters from `start` to `end` (offsets) are."""

    start: int
    end: int
    text: str


class Pin(NamedTuple):
    """What an alias shall point at, as it is written: a version, `absent`, or a version with its digest."""

    version: str
    digest: str | None = None


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """The text with all splices done; they may not overlap."""
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def quoted(value: str, style: str = "", *, flow: bool = False) -> str:
    """A scalar as YAML, in one line and in that style where it can be; else in double quotes. `flow`: inside brackets."""
    if (not style and READ_AS_OTHER.fullmatch(value)) or has_hidden(value):
        style = '"'
    node = yaml.ScalarNode("tag:yaml.org,2002:str", value, style=style or None)
    whole = yaml.SequenceNode("tag:yaml.org,2002:seq", [node], flow_style=True) if flow else node
    dumped: str = yaml.serialize(whole, Dumper=YamlDumper, width=10**9, allow_unicode=True)
    result = dumped.removesuffix("...\n").rstrip("\n")
    result = result[1:-1] if flow else result
    if "\n" in result:
        return quoted(value, '"', flow=flow)
    return result


def pinned(value: Pin, style: str = "", *, flow: bool = False) -> str:
    """The whole value as it is written in one line."""
    if value.digest is None:
        return quoted(value.version, style, flow=flow)
    return f"{{version: {quoted(value.version, flow=True)}, digest: {quoted(value.digest, flow=True)}}}"


class Document(NamedTuple):
    """The text of a file and the names that `*name` repeats in the document at hand."""

    text: str
    name: str
    repeated: frozenset[str]

    def refuse(self, node: Node, message: str, hint: str) -> DiagnosticsError:
        """The error that a place of the file cannot be edited."""
        where = Position(self.name, node.start.line + 1, node.start.column + 1)
        return DiagnosticsError([Diagnostic("cannot-edit", message, where, hint)])

    def check_own(self, node: Node) -> None:
        """Refuse to edit what is written once and stands in several places."""
        if isinstance(node, Repeat):
            message = f"the value here is `*{node.name}`, which repeats the one that is marked `&{node.name}`"
            raise self.refuse(node, message, "write the value out here, or edit the marked one by hand")
        if node.anchor in self.repeated:
            message = f"the value here is marked `&{node.anchor}`, and `*{node.anchor}` repeats it elsewhere"
            raise self.refuse(node, message, "edit it by hand, and look at all places that it stands for")

    def line_break(self) -> str:
        """The kind of line break that the file has."""
        return "\r\n" if 2 * self.text.count("\r\n") > self.text.count("\n") else "\n"

    def line_start(self, offset: int) -> int:
        """Where the line of an offset starts."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Where the line of an offset ends, before its line break."""
        end = self.text.find("\n", offset)
        if end < 0:
            return len(self.text)
        return end - 1 if self.text[end - 1 : end] == "\r" else end

    # Values -----------------------------------------------------------------------------------------------------

    def replace(self, entry: tuple[Node, Node], value: Pin, *, flow: bool) -> list[Splice]:
        """Write another value for a key; `flow`: they stand inside brackets."""
        key, node = entry
        self.check_own(node)
        start, end = after_properties(self.text, node), node.end.offset
        if isinstance(node, Scalar):
            if node.is_block:
                raise self.refuse(node, "this version is written as a block text", "write it in one line")
            return [Splice(start, end, pinned(value, node.style, flow=flow))]
        version = node.find("version") if isinstance(node, Map) else None
        if not isinstance(node, Map) or version is None:
            raise self.refuse(node, "this is not a version", "write entity/project/artifact:v3")
        digest = node.find("digest")
        if node.flow and value.digest is None:
            return [Splice(start, end, pinned(value, flow=flow))]
        if value.version == ABSENT:
            colon = self.text.index(":", key.end.offset) + 1
            return [Splice(colon, colon, f" {ABSENT}"), *(self.without_line(each) for each in node.entries)]
        splices = self.replace(version, Pin(value.version), flow=node.flow)
        if digest is None and value.digest is not None:
            splices += self.insert(node, "digest", quoted(value.digest, flow=node.flow), version)
        elif digest is not None and value.digest is None:
            splices.append(self.without_line(digest))
        elif digest is not None and value.digest is not None:
            splices += self.replace(digest, Pin(value.digest), flow=node.flow)
        return splices

    def without_line(self, entry: tuple[Node, Node]) -> Splice:
        """Take out the line of an entry in a block."""
        key, value = entry
        self.check_own(value)
        start, end = self.line_start(key.start.offset), self.line_end(value.end.offset)
        if end < len(self.text):
            return Splice(start, self.text.index("\n", end) + 1, "")
        before = 2 if self.text[:start].endswith("\r\n") else 1
        return Splice(max(start - before, 0), end, "")

    # New entries ------------------------------------------------------------------------------------------------

    def insert(self, parent: Map, key: str, value: str, after: tuple[Node, Node] | None) -> list[Splice]:
        """Add an entry to a map, after one of its entries or (None) before the first; laid out like its neighbours."""
        self.check_own(parent)
        return [self._in_flow(parent, key, value, after) if parent.flow else self._in_block(parent, key, value, after)]

    def _in_flow(self, parent: Map, key: str, value: str, after: tuple[Node, Node] | None) -> Splice:
        entry = f"{quoted(key, flow=True)}: {value}"
        if not parent.entries:
            start, end = after_properties(self.text, parent) + 1, parent.end.offset - 1
            return Splice(start, start if self.text[start:end].strip(" ") else end, entry)
        first = parent.entries[0][0]
        line = self.line_start(first.start.offset)
        lead = self.text[line : first.start.offset]
        alone = parent.start.line != first.start.line and not lead.strip()
        between = f"{self.line_break()}{lead}" if alone else " "
        if after is None:
            return Splice(first.start.offset, first.start.offset, f"{entry},{between}")
        return Splice(after[1].end.offset, after[1].end.offset, f",{between}{entry}")

    def _in_block(self, parent: Map, key: str, value: str, after: tuple[Node, Node] | None) -> Splice:
        first = parent.entries[0][0]
        line = self.line_start(first.start.offset)
        indent = " " * (first.start.offset - line)
        colon = f"{quoted(key)}:"
        entry = f"{indent}{colon}{' ' * self._gap(parent, colon)}{value}"
        if after is None:
            at = self._above_comments(line)
            return Splice(at, at, entry + self.line_break())
        return self.insert_line(after, entry)

    def insert_line(self, after: tuple[Node, Node], lines: str) -> Splice:
        """Add whole lines below an entry of a block."""
        at = self.line_end(self._last_offset(after))
        return Splice(at, at, self.line_break() + lines)

    def _last_offset(self, entry: tuple[Node, Node]) -> int:
        """An offset in the last line of an entry, comments below it left out."""
        node = entry[1]
        while isinstance(node, Map | List) and not node.flow:
            node = node.entries[-1][1] if isinstance(node, Map) else node.items[-1]
        if isinstance(node, Scalar) and node.is_block:
            return node.start.offset + len(self.text[node.start.offset : node.end.offset].rstrip())
        return max(node.end.offset, entry[0].end.offset)

    def _above_comments(self, line: int) -> int:
        """Where the comments start that stand right above a line."""
        while line:
            above = self.line_start(line - 1)
            if not self.text[above:line].lstrip().startswith("#"):
                break
            line = above
        return line

    def _gap(self, parent: Map, colon: str) -> int:
        """Spaces between the colon of a new entry and its value: as many as line up with neighbours that are lined up."""
        places = {
            value.start.column
            for key, value in parent.entries
            if key.start.line == value.start.line and not (isinstance(value, Map | List) and not value.flow)
        }
        lengths = {key.end.column for key, _ in parent.entries}
        if len(places) != 1 or len(lengths) < 2:
            return 1
        return max(places.pop() - parent.entries[0][0].start.column - len(colon), 1)
