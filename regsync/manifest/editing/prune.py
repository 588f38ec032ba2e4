"""Taking out of manifests what has done its work: consents that nothing needs, and `previously` of renamings that are done."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from regsync.core.desired import Desired
from regsync.diagnostics import Position, RegsyncError
from regsync.manifest.editing.splice import Document, Splice, spliced
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.spans import List, Map, Node, Repeat, Scalar, scalars, spans
from regsync.manifest.writing.render import to_manifest

PRUNED = ("consent", "previously")
_COMMENT = re.compile(r"(?:^|(?<=[ \t\r\n]))#[^\r\n]*")
_COMMA = re.compile(r"[ \t]*,")
Entry = tuple[Node, Node]


def check_pruned(before: Desired, after: Desired) -> None:
    """Raises `RegsyncError` where something else than consents and former names is not as it was."""
    if _without_pruned(to_manifest(before)) != _without_pruned(to_manifest(after)):
        message = "what is used up cannot be taken out without changing something else; nothing was written"
        raise RegsyncError(message, "take it out by hand: `regsync plan` names the lines", code="cannot-edit")


def _without_pruned(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_pruned(each) for key, each in value.items() if key not in PRUNED}
    return value


def pruned(source: Source, places: Collection[Position]) -> str:
    """The text of a file without the items of `consent` and the `previously` that begin at these places. Comments stay.

    Raises `DiagnosticsError` where one of them stands for several places (`&anchor`).
    """
    text = source.data.decode()
    wanted = {(place.line - 1, place.column - 1) for place in places if place.file == source.name}
    splices: list[Splice] = []
    for written in spans(text) if wanted else ():
        document = Document(text, source.name, frozenset(_repeated(written.root)))
        for parent in _maps(written.root):
            splices += _from_map(document, parent, wanted)
    return spliced(text, splices)


def _repeated(node: Node) -> Iterator[str]:
    if isinstance(node, Repeat):
        yield node.name
    for child in _children(node):
        yield from _repeated(child)


def _maps(node: Node) -> Iterator[Map]:
    if isinstance(node, Map):
        yield node
    for child in _children(node):
        yield from _maps(child)


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, Map):
        yield from (each for entry in node.entries for each in entry)
    elif isinstance(node, List):
        yield from node.items


def _from_map(document: Document, parent: Map, wanted: Collection[tuple[int, int]]) -> list[Splice]:
    splices: list[Splice] = []
    gone: list[Entry] = []
    for key, value in parent.entries:
        if not isinstance(key, Scalar) or key.value not in PRUNED:
            continue
        items = value.items if isinstance(value, List) else [value]
        done = [item for item in items if (item.start.line, item.start.column) in wanted]
        if not done:
            continue
        for node in (value, *done):
            document.check_own(node)
        if len(done) == len(items) or key.value == "previously":
            gone.append((key, value))
        elif isinstance(value, List) and value.flow:
            splices += _out_of_brackets(document, [(item, item) for item in items], [(item, item) for item in done])
        else:
            splices += [_without_lines(document, item, item) for item in done]
    if parent.flow:
        return splices + _out_of_brackets(document, parent.entries, gone)
    if len(gone) == len(parent.entries):
        (key, value), *others = gone
        first = _without_lines(document, key, value)
        empty = f"{' ' * key.start.column}{{}}{document.line_break(first.start)}"
        splices.append(first._replace(text=first.text + empty))
        gone = others
    return splices + [_without_lines(document, *entry) for entry in gone]


def _out_of_brackets(document: Document, entries: Sequence[Entry], gone: Sequence[Entry]) -> list[Splice]:
    """Take entries out of brackets or braces, each with a comma beside it; of those with comments between, the comments stay."""
    splices = []
    for index, entry in enumerate(entries):
        if entry not in gone:
            continue
        start, end = entry[0].start.offset, entry[1].end.offset
        if any(each not in gone for each in entries[:index]):
            around = Splice(entries[index - 1][1].end.offset, end, "")
        else:
            around = Splice(start, entries[index + 1][0].start.offset if index + 1 < len(entries) else end, "")
        comma = _COMMA.match(document.text, end)
        bare = Splice(start, comma.end() if comma else end, "")
        splices.append(bare if "#" in document.text[around.start : around.end] else around)
    return splices


def _without_lines(document: Document, first: Node, last: Node) -> Splice:
    """Take out whole lines, and keep the comments that stand in them, each in a line of its own."""
    text = document.text
    start = document.line_start(first.start.offset)
    stop = text.find("\n", document.line_end(_last_offset(last)))
    stop = len(text) if stop < 0 else stop + 1
    blanked = text[start:stop]
    for scalar in scalars([first, last]):
        here = slice(scalar.start.offset - start, scalar.end.offset - start)
        blanked = blanked[: here.start] + "x" * (here.stop - here.start) + blanked[here.stop :]
    indent = " " * (first.start.offset - start if text[start : first.start.offset].isspace() else 0)
    indent = indent or text[start : first.start.offset].partition("-")[0]
    line_break = document.line_break(start)
    return Splice(
        start, stop, "".join(f"{indent}{comment.rstrip()}{line_break}" for comment in _COMMENT.findall(blanked))
    )


def _last_offset(node: Node) -> int:
    """An offset in the last line of a value."""
    while isinstance(node, Map | List) and not node.flow:
        node = node.entries[-1][1] if isinstance(node, Map) else node.items[-1]
    return node.end.offset
