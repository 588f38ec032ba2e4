"""A place of a manifest by its position: an item of a list, an entry of a map; and the changes that can be made there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from regsync.manifest.editing.splice import Document, Splice, quoted, style_of
from regsync.manifest.reading.spans import List, Map, Node, Scalar, after_properties
from regsync.slots import dataclass

Entry = tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class Spot:
    """`path`: the nodes that it lies in, outermost first. `entry`: the entry of a map that it is or is inside of, the innermost.

    `item`: the item of the list that is the entry's value, where it is one. `number`: which of the items it is, or of the entries.
    """

    document: Document
    path: tuple[Node, ...]
    parent: Map
    entry: Entry
    item: Node | None
    number: int

    def check(self) -> None:
        """Raise where nothing can be edited here without changing other places as well."""
        for node in (*self.path, self.parent, *self.entry, *((self.item,) if self.item else ())):
            self.document.check_own(node)

    def texts(self) -> Iterator[str]:
        """What is written at it, variables and all."""
        yield from _texts(self.item if self.item is not None else self.entry[1])

    # Changes -----------------------------------------------------------------------------------------------------

    def without_item(self) -> list[Splice]:
        """The list without the item."""
        listed, item = self.entry[1], self.item
        assert isinstance(listed, List) and item is not None  # noqa: S101 - whoever calls has found an item
        if listed.flow:
            return self._without_in_brackets(listed)
        document = self.document
        end = document.line_end(_end(document, item))
        start = document.line_start(_dash(document, listed, item))
        if len(listed.items) == 1:
            colon = document.text.index(":", self.entry[0].end.offset) + 1
            return [Splice(colon, colon, " []"), _lines(document.text, start, end)]
        return [_lines(document.text, start, end)]

    def _without_in_brackets(self, listed: List) -> list[Splice]:
        """The comma goes as well: the one behind it, or behind its neighbour. Comments between them stay."""
        items, number = listed.items, self.number
        text, item = self.document.text, items[number]
        start, end = item.start.offset, item.end.offset
        if number + 1 < len(items):
            comma = _comma(text, end, items[number + 1].start.offset)
            after = comma + 1
            while text[after : after + 1] == " ":
                after += 1
            return (
                [Splice(start, after, "")]
                if not text[end:comma].strip()
                else [Splice(start, end, ""), Splice(comma, comma + 1, "")]
            )
        if number == 0:
            comma = _comma(text, end, listed.end.offset - 1)
            rest = [Splice(comma, comma + 1, "")] if text[comma] == "," else []
            return [Splice(start, end, ""), *rest]
        before = items[number - 1].end.offset
        comma = _comma(text, before, start)
        return (
            [Splice(comma, end, "")]
            if not text[comma + 1 : start].strip()
            else [Splice(comma, comma + 1, ""), Splice(start, end, "")]
        )

    def with_item(self, text: str) -> list[Splice]:
        """The list with one item more, at its end; `text` as YAML."""
        return with_item(self.document, self.entry, text)

    def instead(self, text: str) -> list[Splice]:
        """Another item in its place."""
        item = self.item
        assert item is not None  # noqa: S101 - whoever calls has found an item
        end = _end(self.document, item)
        return [Splice(item.start.offset, end, text)]


def with_item(document: Document, entry: Entry, text: str) -> list[Splice]:
    """A list with one item more, at its end; `text` as YAML."""
    listed = entry[1]
    if not isinstance(listed, List):
        raise document.refuse(listed, "this is not a list", "edit it by hand")
    if not listed.items:
        at = after_properties(document.text, listed) + 1
        return [Splice(at, at, text)]
    last = listed.items[-1]
    if listed.flow:
        return document.below_in_flow(listed, listed.items[0], (last, last), [text])
    dash = _dash(document, listed, last)
    one_line = document.line_start(dash) == document.line_start(last.start.offset)
    gap = last.start.offset - dash if one_line else 2
    prefix = f"{document.text[document.line_start(dash) : dash]}-{' ' * (gap - 1)}"
    return [document.insert_line((_leaf(last), _leaf(last)), f"{prefix}{text}")]


def set_scalar(document: Document, parent: Map, key: str, text: str) -> list[Splice]:
    """A map with another text for a key, or with one more. Quotes stay; a block text becomes one in quotes."""
    entry = parent.find(key)
    if entry is None:
        style = style_of((value for _, value in parent.entries), "") if parent.flow else ""
        return document.insert(
            parent, key, quoted(text, style, flow=parent.flow), parent.entries[-1] if parent.entries else None
        )
    node = entry[1]
    document.check_own(node)
    if not isinstance(node, Scalar):
        raise document.refuse(node, f"`{key}` is not a text here", "edit it by hand")
    start, end = after_properties(document.text, node), node.end.offset
    if node.is_block:
        end = start + len(document.text[start:end].rstrip())
    return [Splice(start, end, quoted(text, "" if node.is_block else node.style, flow=parent.flow))]


def spots_of(documents: Iterable[tuple[Document, Node]]) -> dict[tuple[int, int], Spot]:
    """What is where in a file, by line and column: the items of lists, and the entries of maps by their keys."""
    found: dict[tuple[int, int], Spot] = {}
    for document, root in documents:
        for spot in _spots(document, (), root):
            node = spot.entry[0] if spot.item is None else spot.item
            found.setdefault((node.start.line + 1, node.start.column + 1), spot)
    return found


def _spots(document: Document, path: tuple[Node, ...], node: Node) -> Iterator[Spot]:
    if not isinstance(node, Map):
        return
    for number, (key, value) in enumerate(node.entries):
        if isinstance(value, List):
            for place, item in enumerate(value.items):
                yield Spot(document, path, node, (key, value), item, place)
        yield Spot(document, path, node, (key, value), None, number)
        yield from _spots(document, (*path, node), value)


def _leaf(node: Node) -> Node:
    """The last node in a block, which is where its text ends; the end of the block itself is where the next thing starts."""
    while isinstance(node, Map | List) and not node.flow:
        node = node.entries[-1][1] if isinstance(node, Map) else node.items[-1]
    return node


def _end(document: Document, node: Node) -> int:
    leaf = _leaf(node)
    return document.last_offset((leaf, leaf))


def _dash(document: Document, listed: List, item: Node) -> int:
    """The offset of the dash of an item, which may stand some lines above it."""
    start = document.line_start(item.start.offset)
    while True:
        at = start + listed.start.column
        if document.text[at : at + 1] == "-" and at < item.start.offset:
            if document.text[start:at].strip():
                raise document.refuse(item, "this item shares its line with others", "edit it by hand")
            return at
        if start <= listed.start.offset:
            raise document.refuse(item, "this item is written in a rare way", "edit it by hand")
        start = document.line_start(start - 1)


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node, Scalar):
        yield node.value
    elif isinstance(node, Map):
        for key, value in node.entries:
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(node, List):
        for item in node.items:
            yield from _texts(item)


def _comma(text: str, start: int, end: int) -> int:
    """The comma between two items, comments passed over."""
    at = start
    while at < end:
        if text[at] == "#":
            at = text.find("\n", at)
        elif text[at] == ",":
            return at
        at += 1
    return end


def _lines(text: str, start: int, end: int) -> Splice:
    """Whole lines gone, with one of the line breaks around them."""
    if end < len(text):
        return Splice(start, text.index("\n", end) + 1, "")
    return Splice(max(start - (2 if text[:start].endswith("\r\n") else 1), 0), end, "")
