"""Changing a few characters of a YAML text: a scalar, a map in braces, one line more or less. Everything else stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter

import yaml

from regsync.diagnostics import Diagnostic, DiagnosticsError, Position
from regsync.manifest.reading.spans import List, Map, Node, Repeat, Scalar, after_properties
from regsync.manifest.writing.emit import READ_AS_OTHER, YamlDumper
from regsync.names import has_hidden
from regsync.slots import NamedTuple

ABSENT = "absent"
_REST_OF_ENTRY = re.compile(r"[ \t]*(,?)[ \t]*(?:#[^\r\n]*)?(?=\r?\n)")
"""What follows the value of an entry in braces up to the end of its line: a comma, a comment."""


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
    """The text with all splices done, the last one first. What is put at one place stands there in the order given."""
    inorder = sorted(splices, key=itemgetter(0, 1))
    if any(each.end > following.start for each, following in pairwise(inorder)):
        for start, end, new in reversed(inorder):  # Of two items that go, each may take the comma between them along.
            text = text[:start] + new + text[end:]
        return text
    pieces: list[str] = []
    at = 0
    for start, end, new in inorder:
        pieces += (text[at:start], new)
        at = end
    return "".join((*pieces, text[at:]))


def quoted(value: str, style: str = "", *, flow: bool = False) -> str:
    """A scalar as YAML, in one line and in that style where it can be; else in double quotes. `flow`: inside brackets."""
    if (not style and READ_AS_OTHER.fullmatch(value)) or has_hidden(value):
        style = '"'
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if flow and not style and quoted(value) == value and _is_plain_in_brackets(value):
        return value
    node = yaml.ScalarNode("tag:yaml.org,2002:str", value, style=style or None)
    whole = yaml.SequenceNode("tag:yaml.org,2002:seq", [node], flow_style=True) if flow else node
    dumped: str = yaml.serialize(whole, Dumper=YamlDumper, width=10**9, allow_unicode=True)
    result = dumped.removesuffix("...\n").rstrip("\n")
    result = result[1:-1] if flow else result
    if "\n" in result:
        return quoted(value, '"', flow=flow)
    return result


def _is_plain_in_brackets(value: str) -> bool:
    """Whether a text that needs no quotes needs none inside brackets either, where `,`, `[`, `{` and some `:` end it."""
    try:
        return bool(
            yaml.safe_load(f"{{? {value}, a: [{value}], b: {value}}}") == {value: None, "a": [value], "b": value}
        )
    except yaml.YAMLError:
        return False


def pinned(value: Pin, style: str = "", key_style: str = "", *, flow: bool = False) -> str:
    """The whole value as it is written in one line."""
    if value.digest is None:
        return quoted(value.version, style, flow=flow)
    words = ("version", value.version), ("digest", value.digest)
    inner = (f"{quoted(key, key_style)}: {quoted(each, style, flow=True)}" for key, each in words)
    return f"{{{', '.join(inner)}}}"


def style_of(nodes: Iterable[Node], otherwise: str = "") -> str:
    """The quotes that all scalars among the nodes have; where they differ, or there are none, `otherwise`."""
    styles = {node.style for node in nodes if isinstance(node, Scalar) and not node.is_block}
    return styles.pop() if len(styles) == 1 else otherwise


@lru_cache(maxsize=4)
def _usual_break(text: str) -> str:
    """Kept, for it is asked for by each edit of the same text."""
    return "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"


class Columns(NamedTuple):
    """Where the entries of a map in lines stand: their first column, those in which keys end, those in which values begin."""

    first: int
    ends: set[int]
    values: set[int]

    @classmethod
    def of(cls, parent: Map) -> Columns:
        values = {
            value.start.column
            for key, value in parent.entries
            if key.start.line == value.start.line and not (isinstance(value, Map | List) and not value.flow)
        }
        first = parent.entries[0][0].start.column if parent.entries else 0
        return cls(first, {key.end.column for key, _ in parent.entries}, values)

    def gap(self, colon: str) -> int:
        """Spaces between the colon of a new entry and its value: as many as line up with neighbours that are lined up."""
        if len(self.values) != 1 or len(self.ends) < 2:
            return 1
        return max(next(iter(self.values)) - self.first - len(colon), 1)


class Document(NamedTuple):
    """The text of a file and the names that `*name` repeats in the document at hand. `flow`: it is one map in braces."""

    text: str
    name: str
    repeated: frozenset[str]
    flow: bool = False

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

    def line_break(self, offset: int | None = None) -> str:
        """The kind of line break that the line of an offset has; without one (and in the last line), that of the file."""
        end = -1 if offset is None else self.text.find("\n", offset)
        if end >= 0:
            return "\r\n" if self.text[end - 1 : end] == "\r" else "\n"
        return _usual_break(self.text)

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
            return [Splice(start, end, pinned(value, node.style, style_of([key]), flow=flow))]
        version = node.find("version") if isinstance(node, Map) else None
        if not isinstance(node, Map) or version is None:
            raise self.refuse(node, "this is not a version", "write entity/project/artifact:v3")
        digest = node.find("digest")
        one_line = node.flow and "\n" not in self.text[start:end]
        if node.flow and (value.version == ABSENT or (digest is not None and value.digest is None and one_line)):
            return [Splice(start, end, pinned(value, self._own_style(version[1]), flow=flow))]
        if value.version == ABSENT:
            colon = self.text.index(":", key.end.offset) + 1
            return [Splice(colon, colon, f" {ABSENT}"), *(self.without_line(each) for each in node.entries)]
        splices = self.replace(version, Pin(value.version), flow=node.flow)
        if digest is None and value.digest is not None:
            style = style_of([version[1]], "")
            text = quoted(value.digest, style if style == "'" or node.flow else "", flow=node.flow)
            splices += self.insert(node, "digest", text, version)
        elif digest is not None and value.digest is None:
            splices.append(self.without_item(node, digest) if node.flow else self.without_line(digest))
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

    def without_item(self, parent: Map, entry: tuple[Node, Node]) -> Splice:
        """Take an entry out of a map in braces that goes over several lines."""
        self.check_own(entry[1])
        number = parent.entries.index(entry)
        start, end = entry[0].start.offset, entry[1].end.offset
        if number:
            start = parent.entries[number - 1][1].end.offset
        elif len(parent.entries) > 1:
            end = parent.entries[1][0].start.offset
        return self.without_line(entry) if "#" in self.text[start:end] else Splice(start, end, "")

    def _own_style(self, node: Node) -> str:
        """The quotes of a text in braces that stay when it comes out of them: most double ones are there for the braces."""
        return node.style if isinstance(node, Scalar) and (node.style == "'" or self.flow) else ""

    # New entries ------------------------------------------------------------------------------------------------

    def insert(self, parent: Map, key: str, value: str, after: tuple[Node, Node] | None) -> list[Splice]:
        """Add an entry to a map, after one of its entries or (None) before the first; laid out like its neighbours."""
        self.check_own(parent)
        only = '"' if self.flow and not parent.entries else ""
        colon = f"{quoted(key, style_of((each for each, _ in parent.entries), only), flow=parent.flow)}:"
        gap = 1 if parent.flow else Columns.of(parent).gap(colon)
        return self.put(parent, [f"{colon}{' ' * gap}{value}"], after)

    def put(self, parent: Map, entries: Sequence[str], after: tuple[Node, Node] | None) -> list[Splice]:
        """Add entries that are written out, each with its key: what comes out if each is put after the one before."""
        if parent.flow:
            return self._in_flow(parent, entries, after)
        first = parent.entries[0][0]
        line = self.line_start(first.start.offset)
        indent = " " * (first.start.offset - line)
        if after is None:
            at = self._above_comments(line)
            return [Splice(at, at, "".join(f"{indent}{entry}{self.line_break(at)}" for entry in entries))]
        line_break = self.line_break(self.last_offset(after))
        return [self.insert_line(after, line_break.join(f"{indent}{entry}" for entry in entries))]

    def _in_flow(self, parent: Map, entries: Sequence[str], after: tuple[Node, Node] | None) -> list[Splice]:
        if not parent.entries:
            start, end = after_properties(self.text, parent) + 1, parent.end.offset - 1
            return [Splice(start, start if self.text[start:end].strip(" ") else end, ", ".join(entries))]
        first = parent.entries[0][0]
        line = self.line_start(first.start.offset)
        lead = self.text[line : first.start.offset]
        alone = parent.start.line != first.start.line and not lead.strip()
        line_break = self.line_break(line)
        if after is None:
            if not alone:
                return [Splice(first.start.offset, first.start.offset, "".join(f"{entry}, " for entry in entries))]
            at = self._above_comments(line)
            return [Splice(at, at, "".join(f"{lead}{entry},{line_break}" for entry in entries))]
        return self.below_in_flow(parent, first, after, entries)

    def below_in_flow(
        self, parent: Map | List, first: Node, after: tuple[Node, Node], entries: Sequence[str]
    ) -> list[Splice]:
        """Add what is written out to a map or list in brackets, after one of its entries (an item stands for both of its nodes).

        It gets lines of its own where the others have, and a comment stays beside what it is about.
        """
        line = self.line_start(first.start.offset)
        lead = self.text[line : first.start.offset]
        alone = parent.start.line != first.start.line and not lead.strip()
        end = after[1].end.offset
        rest = _REST_OF_ENTRY.match(self.text, end)
        if not alone and rest is not None and "#" in rest[0]:
            lead = self.text[self.line_start(after[0].start.offset) : after[0].start.offset]
            if lead.strip() == ",":  # Each comma is at the start of its line.
                below = "".join(f"{self.line_break(end)}{lead}{entry}" for entry in entries)
                return [Splice(rest.end(), rest.end(), below)]
            alone, lead = True, " " * len(lead)
        if not alone or rest is None:
            between = f"{self.line_break(line)}{lead}" if alone else " "
            return [Splice(end, end, "".join(f",{between}{entry}" for entry in entries))]
        lines = [f"{self.line_break(line)}{lead}{entry}" for entry in entries]
        if rest[1]:
            return [Splice(rest.end(), rest.end(), "".join(f"{each}," for each in lines))]
        return [Splice(end, rest.end(), f",{self.text[end : rest.end()]}{','.join(lines)}")]

    def insert_line(self, after: tuple[Node, Node], lines: str) -> Splice:
        """Add whole lines below an entry of a block."""
        last = self.last_offset(after)
        at = self.line_end(last)
        return Splice(at, at, self.line_break(last) + lines)

    def last_offset(self, entry: tuple[Node, Node]) -> int:
        """An offset in the last line of an entry, comments below it left out."""
        node = entry[1]
        while isinstance(node, Map | List) and not node.flow:
            node = node.entries[-1][1] if isinstance(node, Map) else node.items[-1]
        if isinstance(node, Scalar) and node.is_block:
            header = self.text[node.start.offset : self.line_end(node.start.offset)].partition("#")[0]
            if "+" in header and self.text[node.end.offset - 1 : node.end.offset] == "\n":
                return max(node.end.offset - (2 if self.text[: node.end.offset].endswith("\r\n") else 1), 0)
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
