"""The canonical layout of a manifest: what `regsync fmt` writes.

Two spaces of indentation, lists indented below their key, the key order of the schema, one space after `:` and inside
short lists and maps, no trailing spaces, never two blank lines, a line break at the end. Quotes, comments, the order of
names and of list items, and the file's own kind of line break stay as they are.

Text is moved, never written anew, so nothing can be lost: a comment above a key, beside it or below its value stays there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from regsync.diagnostics import Diagnostic, DiagnosticsError, Position
from regsync.manifest.editing.lines import (
    comment_behind,
    commented_where_it_stood,
    indent_of,
    stripped,
    trimmed,
    trimmed_end,
    trimmed_start,
)
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.shape import Shape
from regsync.manifest.reading.spans import List, Map, Node, Scalar, Written, after_properties, comments, scalars, spans
from regsync.manifest.reading.tree import parse

STEP = 2
MODE_LINE = "yaml-language-server:"
"""In a comment that tells editors which schema a file follows; it stays at the top."""
_SIGNS = {"apiVersion", "registries"}
_ITEM = re.compile(r"#+\s?-(\s|$)")
_GOES_ON = re.compile(r"#+\s?-(\s|$)|#+\s{2,}\S")
"""A list item that is commented out, and what may follow in its next lines."""
_BLOCK_HEADER = re.compile(r"[|>]([-+]?)([1-9]?)([-+]?)")


class _UnusualError(Exception):
    """A way of writing YAML that this layout has no place for. `line` counts from 0."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


def formatted(source: Source) -> str:
    """The text of a manifest file in its canonical layout. Its data is the same, and so is the result of doing it twice.

    Raises `DiagnosticsError` for what is no YAML, and for rare ways of writing it that are left alone (`? key`).
    """
    text = source.data.decode()
    parsed = parse(source.data, source.name)
    if any(each.is_error for each in parsed.diagnostics):
        raise DiagnosticsError(parsed.diagnostics)
    if "\n#  " in text:
        text = _without_margin(text, source.name)
    try:
        for in_order in (True, False):
            result = _Layout(text).run(in_order=in_order)
            if _is_same(text, result, source.name):
                return result
    except _UnusualError as unusual:
        hint = "write it as `key: value`, one a line" if "key" in unusual.what else "write it in the usual way"
        where = Position(source.name, unusual.line + 1, 1)
        raise DiagnosticsError(
            [Diagnostic("unusual-layout", f"fmt cannot lay out {unusual.what}", where, hint)]
        ) from None
    where = Position(source.name)
    message = "fmt cannot lay out this file without changing what it says, so it is left as it is"
    raise DiagnosticsError([Diagnostic("unusual-layout", message, where, "write rare YAML in the usual way")])


def is_manifest(source: Source) -> bool:
    """Whether a file is meant to be a manifest, sound or not. Raises `DiagnosticsError` for what is no YAML."""
    parsed = parse(source.data, source.name)
    if any(each.is_error for each in parsed.diagnostics):
        raise DiagnosticsError(parsed.diagnostics)
    return any(isinstance(each.root, dict) and each.root.keys() & _SIGNS for each in parsed.documents)


def _without_margin(text: str, name: str) -> str:
    """With the lines that are commented out in the first column commented out where they stood."""
    texts = scalars([document.root for document in spans(text)])
    inside = {line for each in texts for line in range(each.start.line + 1, each.end.line + 1)}
    moved = commented_where_it_stood(text, inside)
    return moved if _has_same_data(text, moved, name) else text


def _is_same(before: str, after: str, name: str) -> bool:
    """Whether two texts have the same data and the same comments."""
    return _has_same_data(before, after, name) and Counter(comments(before)) == Counter(comments(after))


def _has_same_data(before: str, after: str, name: str) -> bool:
    old, new = parse(before.encode(), name), parse(after.encode(), name)
    if any(each.is_error for each in new.diagnostics):
        return False
    return [each.root for each in old.documents] == [each.root for each in new.documents]


@dataclass(slots=True)
class _Entry:
    """An entry of a block: the comments and blank lines above it, and its own lines with all that is in it."""

    lead: list[str]
    body: list[str]
    rank: int


class _Layout:
    """Lays out one text. One use: make it, `run` it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line_break = "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"
        self.lines = text.replace("\r\n", "\n").split("\n")
        if not self.lines[-1]:
            self.lines.pop()
        self.in_order = True
        self.containers: dict[int, int] = {}
        """The column of the block that each block text is in, by the identity of its node."""

    def run(self, *, in_order: bool) -> str:
        """The text in its layout; `in_order`: with the keys in the order of the schema."""
        self.in_order = in_order
        documents = spans(self.text)
        for document in documents:
            self.find_containers(document.root, 0)
        self.close_last_scalar(documents)
        out: list[str] = []
        at = 0
        for document in documents:
            lines, at = self.document(document, at)
            out += lines
        out += trimmed(self.gap(at, len(self.lines), 0))
        while out and not out[0]:
            out.pop(0)
        return "".join(line + self.line_break for line in out)

    def close_last_scalar(self, documents: Sequence[Written]) -> None:
        """A block text at the very end, without a line break, has none in its value: the break that is added must not count."""
        found = scalars([document.root for document in documents])
        if not found or not found[-1].is_block or self.text.endswith("\n"):
            return
        last = found[-1]
        if last.end.offset < len(self.text):
            return
        line = self.lines[last.start.line]
        header = _BLOCK_HEADER.match(line, after_properties(self.text, last) - last.start.offset + last.start.column)
        if header:
            self.lines[last.start.line] = f"{line[: header.start() + 1]}{header[2]}-{line[header.end() :]}"

    # Documents --------------------------------------------------------------------------------------------------

    def document(self, document: Written, at: int) -> tuple[list[str], int]:
        """The lines of a document, with what stands before it from line `at`; and the line after it."""
        root, stop = document.root, min(document.end.line, len(self.lines))
        out: list[str] = []
        if document.explicit:
            out = [*trimmed(self.gap(at, document.start.line, 0))]
            at = document.start.line
            if root.start.line > at or _is_empty(root):
                out.append(self.lines[at].rstrip())
                at += 1
        if isinstance(root, Map | List) and not root.flow:
            if root.start.line < at or root.anchor or (document.explicit and root.start.line == document.start.line):
                raise _UnusualError(root.start.line, "a document that starts like this")
            top = self.end_of_header(at, root.start.line)
            return [*out, *trimmed_start(self.gap(at, top, 0)), *self.block(root, 0, Shape.root(), top, stop)], stop
        if _is_empty(root):
            return out + trimmed(self.gap(at, stop, 0)), stop
        last = self.last_line(root)
        out += self.gap(at, root.start.line, 0) if root.start.line >= at else []
        out += [self.lines[number].rstrip() for number in range(root.start.line, last + 1)]
        return out + trimmed_end(self.gap(last + 1, stop, 0)), stop

    def end_of_header(self, first: int, key: int) -> int:
        """Of the lines above the first key: up to where they are about the file. Comments right above the key are about it."""
        top = key
        while top > first and self.lines[top - 1].strip():
            top -= 1
        return key if any(MODE_LINE in line for line in self.lines[top:key]) else top

    # Blocks -----------------------------------------------------------------------------------------------------

    def block(self, node: Map | List, indent: int, shape: Shape, start: int, stop: int) -> list[str]:
        """A block map or list. From line `start` to line `stop` (exclusive) everything belongs to it."""
        column = self.column(node)
        parts = node.entries if isinstance(node, Map) else [(item, item) for item in node.items]
        firsts = [key.start.line for key, _ in parts]
        if isinstance(node, List):
            firsts = self.dashes(node, column)
        entries: list[_Entry] = []
        at = start
        for number, (key, value) in enumerate(parts):
            after = firsts[number + 1] if number + 1 < len(parts) else stop
            level = (
                isinstance(node, Map) and isinstance(value, List) and not value.flow and self.column(value) == column
            )
            end = self.end_of_entry(self.last_line(value) + 1, after, column, level=level)
            lead = self.gap(at, firsts[number], indent)
            if isinstance(node, Map):
                name = key.value if isinstance(key, Scalar) else ""
                body = self.entry(key, value, indent, column, shape.of(name), end)
                entries.append(_Entry(lead, body, shape.rank(name) if self.in_order else 0))
            else:
                above, body = self.item(value, firsts[number], indent, column, shape.item(), end)
                entries.append(_Entry(lead + above, body, 0))
            at = self.end_of_afterword(end, after)
            body += self.gap(end, at, indent)
        entries.sort(key=lambda each: each.rank)
        entries[0].lead = trimmed_start(entries[0].lead)
        out = [line for each in entries for line in (*each.lead, *each.body)]
        return out + trimmed_end(self.gap(at, stop, indent))

    def end_of_entry(self, first: int, stop: int, column: int, *, level: bool = False) -> int:
        """Of the comments from line `first`: up to where they are deeper than the entry above them, and so belong to it.

        `level`: it is a list whose dashes stand below the first letter of its key; there, items that are commented out belong
        to it as well, though they are no deeper.
        """
        end, in_item = first, False
        for number in range(first, stop):
            line = self.lines[number]
            if line.strip():
                in_item = level and bool((_GOES_ON if in_item else _ITEM).match(line.strip()))
                if indent_of(line) < column or (indent_of(line) == column and not in_item):
                    break
                end = number + 1
        return end

    def end_of_afterword(self, first: int, stop: int) -> int:
        """Of the comments from line `first`: up to where they belong to the entry above: right below it, and then a blank line."""
        end = first
        while end < stop and self.lines[end].strip():
            end += 1
        return end if end < stop else first

    def entry(self, key: Node, value: Node, indent: int, column: int, shape: Shape, stop: int) -> list[str]:
        line = self.lines[key.start.line]
        between = self.text[key.end.offset : value.start.offset]
        lone = not line[: key.start.column].strip(" -")
        if not isinstance(key, Scalar) or key.start.line != key.end.line or not lone or between.lstrip()[:1] != ":":
            raise _UnusualError(key.start.line, "a key that is written like this")
        colon = line.index(":", key.end.column) + 1
        prefix = " " * indent + self.text[key.start.offset : key.end.offset] + ":"
        return self.value(prefix, key.start.line, colon, value, indent, column, shape, stop)

    def item(
        self, value: Node, first: int, indent: int, column: int, shape: Shape, stop: int
    ) -> tuple[list[str], list[str]]:
        """An item of a list: comments that go above it, and its lines."""
        prefix = " " * indent + "-"
        if not isinstance(value, Map | List) or value.flow or value.anchor:
            return [], self.value(prefix, first, column + 1, value, indent, column, shape, stop)
        compact = value.start.line == first
        inner = self.block(value, indent + STEP, shape, first if compact else first + 1, stop)
        beside = "" if compact else self.lines[first][column + 1 :].strip()
        number = next(index for index, line in enumerate(inner) if line and not line.lstrip().startswith("#"))
        above = ([beside] if beside else []) + [line.strip() for line in inner[:number] if line]
        inner[number] = f"{prefix} {inner[number].lstrip()}"
        return [" " * indent + line for line in above], inner[number:]

    def value(
        self, prefix: str, line: int, after: int, value: Node, indent: int, column: int, shape: Shape, stop: int
    ) -> list[str]:
        """A value behind `prefix` (a key and its colon, or a dash) that stands in `line` up to column `after`."""
        rest = self.lines[line][after:]
        if isinstance(value, Map | List) and not value.flow:
            if value.anchor:
                if value.start.line != line:
                    raise _UnusualError(value.start.line, "an anchor on a line of its own")
                prefix += f" &{value.anchor}"
                rest = rest.split(f"&{value.anchor}", 1)[1]
            inner = self.block(value, indent + STEP, shape, line + 1, stop)
            return [prefix + comment_behind(rest), *inner]
        if _is_empty(value):
            return [prefix + comment_behind(rest), *trimmed_end(self.gap(line + 1, stop, indent + STEP))]
        body = self.inline(value, indent, column, shape)
        deeper = 0 if isinstance(value, Scalar) and value.is_block else STEP  # Deeper would be a part of a block text.
        below = self.gap(self.last_line(value) + 1, stop, indent + deeper)
        if value.start.line > line and (rest.strip() or any(map(str.strip, self.lines[line + 1 : value.start.line]))):
            above = self.gap(line + 1, value.start.line, indent + STEP)
            return [prefix + comment_behind(rest), *above, " " * (indent + STEP) + body[0], *body[1:], *below]
        return [f"{prefix} {body[0]}", *body[1:], *below]

    # Values in a line -------------------------------------------------------------------------------------------

    def inline(self, value: Node, indent: int, column: int, shape: Shape) -> list[str]:
        """A scalar, an alias, or a list or map in brackets, with the comment behind it; the first line without indentation."""
        start, last = value.start, self.last_line(value)
        first = self.lines[start.line][start.column :]
        if isinstance(value, Scalar) and value.is_block:
            return [first.rstrip(), *self.block_text(value, indent, column, last)]
        if start.line == last:
            return [self.flow(value, shape) + comment_behind(self.lines[last][value.end.column :])]
        shift = indent - column
        rest = [self.shifted(number, shift, indent) for number in range(start.line + 1, last + 1)]
        return [stripped(first), *(stripped(line) for line in rest[:-1]), rest[-1].rstrip()]

    def shifted(self, number: int, shift: int, least: int) -> str:
        line = self.lines[number]
        old = indent_of(line)
        if not shift or not line.strip() or line[old : old + 1] == "\t":
            return line
        return " " * max(old + shift, least) + line[old:]

    def block_text(self, value: Scalar, indent: int, column: int, last: int) -> list[str]:
        """The lines of a `|` or `>` text. Spaces at their ends belong to the text."""
        lines = self.lines[value.start.line + 1 : last + 1]
        old = self.depth(value, column, lines)
        header = _BLOCK_HEADER.match(self.text, after_properties(self.text, value))
        new = indent + (int(header[2]) if header and header[2] else STEP)
        return [" " * new + line[old:] if len(line) > old or line.strip(" ") else "" for line in lines]

    def depth(self, value: Scalar, column: int, lines: Sequence[str]) -> int:
        """The indentation of a block text in a container at `column`: as its header says, or that of its first line."""
        header = _BLOCK_HEADER.match(self.text, after_properties(self.text, value))
        if header and header[2]:
            return column + int(header[2])
        return next((indent_of(line) for line in lines if line.strip(" ")), len(self.text))

    def flow(self, node: Node, shape: Shape) -> str:
        """A value that stands in one line."""
        source = self.text[node.start.offset : node.end.offset]
        if not isinstance(node, Map | List) or not node.flow or node.anchor or source[:1] not in "[{":
            return source
        if isinstance(node, List):
            items = [self.flow(each, shape.item()) for each in node.items]
            return f"[{', '.join(items)}]" if all(items) else source
        pairs = list(node.entries)
        if any(_is_empty(each) for pair in pairs for each in pair) or "?" in source:
            return source
        if self.in_order:
            pairs.sort(key=lambda pair: shape.rank(pair[0].value if isinstance(pair[0], Scalar) else ""))
        texts = [f"{self.flow(key, shape)}: {self.flow(value, shape.of(_name(key)))}" for key, value in pairs]
        return f"{{{', '.join(texts)}}}"

    # Lines ------------------------------------------------------------------------------------------------------

    def gap(self, first: int, stop: int, indent: int) -> list[str]:
        """Comments and blank lines between two places, at an indentation."""
        out: list[str] = []
        for number in range(first, stop):
            line = self.lines[number].strip()
            if line:
                out.append(" " * indent + line)
            elif not out or out[-1]:
                out.append("")
        return out

    def find_containers(self, node: Node, column: int) -> None:
        if isinstance(node, Scalar):
            self.containers[id(node)] = column
        elif isinstance(node, Map | List) and not node.flow:
            inner = [value for _, value in node.entries] if isinstance(node, Map) else node.items
            for each in inner:
                self.find_containers(each, self.column(node))

    def column(self, node: Map | List) -> int:
        """The column of a block's keys or dashes."""
        if isinstance(node, Map):
            return node.entries[0][0].start.column
        offset = after_properties(self.text, node)
        return offset - (self.text.rfind("\n", 0, offset) + 1)

    def dashes(self, node: List, column: int) -> list[int]:
        """The line of each item's dash."""
        found: list[int] = []
        for item in node.items:
            number = item.start.line
            while self.lines[number][column : column + 1] != "-" or self.lines[number][:column].strip(" -"):
                number -= 1
                if number < node.start.line:
                    raise _UnusualError(item.start.line, "a list that is written like this")
            found.append(number)
        return found

    def last_line(self, node: Node) -> int:
        """The last line that holds a part of a node."""
        if isinstance(node, Map) and not node.flow:
            return self.last_line(node.entries[-1][1])
        if isinstance(node, List) and not node.flow:
            return self.last_line(node.items[-1])
        if not isinstance(node, Scalar) or not node.is_block:
            return node.end.line
        last = node.end.line - 1 if node.end.column == 0 else node.end.line
        last = min(last, len(self.lines) - 1)
        header = _BLOCK_HEADER.match(self.text, after_properties(self.text, node))
        if header and "+" in header[0]:
            return last
        body = self.lines[node.start.line + 1 : last + 1]
        depth = self.depth(node, self.containers.get(id(node), 0), body)
        while last > node.start.line and not self.lines[last].strip(" ") and len(self.lines[last]) <= depth:
            last -= 1
        return last


def _is_empty(node: Node) -> bool:
    """A value that is not there."""
    return isinstance(node, Scalar) and not node.style and not node.value and not node.anchor


def _name(key: Node) -> str:
    return key.value if isinstance(key, Scalar) else ""
