"""YAML as plain maps and lists that know where everything stands.

One pass over libyaml's events builds `Block` (a dict) and `Items` (a list) with the marks of their keys and values beside
them. Only data is accepted: no tags, no merge keys, no keys that are not texts, no more aliases than a person writes.
The plain scalars `2024`, `yes`, `null`, `2024-01-31` mean what PyYAML's SafeLoader takes them for, so that a name written
like that is found and reported here instead of surprising somebody later.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import field
from typing import Any

import yaml
from yaml.error import Mark
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from regsync.diagnostics import Diagnostic, Position
from regsync.manifest.reading.syntax import syntax_error
from regsync.manifest.reading.unseen import hidden_directions, hidden_line_breaks
from regsync.slots import dataclass

MAX_DEPTH = 40
"""Maps and lists inside each other. A manifest needs about ten."""
MAX_ALIASED_NODES = 100_000
"""How much all YAML aliases (`*name`) of one file may stand for, in nodes."""
MAX_NODES = 1_000_000
"""Keys and items in one file. 100,000 aliases need 240,000."""
MAX_PROBLEMS = 200
"""Reading of a file stops after this many."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it; the pure parser gives the same events, ten times slower."""
_RESOLVERS: dict[str, list[tuple[str, Any]]] = yaml.SafeLoader.yaml_implicit_resolvers
_MAX_DIGITS = 15
_KINDS = {"int": "a number", "float": "a number", "bool": "true or false", "null": "null", "timestamp": "a date"}


class Block(dict[str, Any]):
    """A map of a manifest. `at[key]` holds the marks of the key and of its value; `mark` is where the map starts."""

    __slots__ = ("at", "mark")
    at: dict[str, tuple[Mark, Mark]]
    mark: Mark


class Items(list[Any]):
    """A list of a manifest. `at[index]` holds the mark of an item; `mark` is where the list starts."""

    __slots__ = ("at", "mark")
    at: list[Mark]
    mark: Mark


Slot = tuple[Block | Items, Any]
"""A container and the key or index in it: the place of one value."""


def position(mark: Mark) -> Position:
    """The mark as people count lines and columns."""
    return Position(mark.name, mark.line + 1, mark.column + 1)


def key_position(block: Block, key: str) -> Position:
    """Where the key stands."""
    return position(block.at[key][0])


def value_position(container: Block | Items, key: Any) -> Position:
    """Where the value of a key, or an item, stands."""
    return position(container.at[key] if isinstance(container, Items) else container.at[key][1])


@dataclass(slots=True)
class Document:
    """One YAML document. `missing`: values that are not there (`key:` and nothing). `dollars`: texts with a `$` in them.
    `dollar_keys`: keys with `${` in them. `nodes`: how many keys and items there are."""

    root: Any
    mark: Mark
    missing: list[Slot] = field(default_factory=list)
    dollars: list[Slot] = field(default_factory=list)
    dollar_keys: list[tuple[Block, str]] = field(default_factory=list)
    nodes: int = 0


@dataclass(slots=True)
class Parsed:
    """The documents of one file as far as it could be read, and what is wrong with it."""

    documents: list[Document]
    diagnostics: list[Diagnostic]


class _Named(io.BytesIO):
    """A stream with the name that marks shall carry."""

    name: str


class _StopError(Exception):
    """No more of this file can be read. Its diagnostic has been noted."""


def parse(data: bytes, name: str) -> Parsed:
    """Read the documents of a file. Empty ones are left out. Never raises: what is wrong is in the result."""
    unseen = hidden_line_breaks(data, name)
    if unseen:
        return Parsed([], unseen)
    stream = _Named(data)
    stream.name = name
    reader = _Reader()
    try:
        reader.read(_LOADER(stream).get_event)
    except yaml.YAMLError as error:
        reader.diagnostics.append(syntax_error(error, data, name))
    except _StopError:
        pass
    return Parsed(reader.documents, [*reader.diagnostics, *hidden_directions(data, name)])


class _Reader:
    def __init__(self) -> None:
        self.get: Callable[[], Event]
        self.documents: list[Document] = []
        self.diagnostics: list[Diagnostic] = []
        self.document = Document(None, None)  # type: ignore[arg-type]
        self.anchors: dict[str, Any] = {}
        self.open_anchors: set[str] = set()
        self.keys: dict[str, str] = {}
        """Those that were read: one that is written often is kept once."""
        self.sizes: dict[str, int] = {}
        self.aliased_nodes = 0
        self.nodes = 0

    def read(self, get: Callable[[], Event]) -> None:
        self.get = get
        while True:
            event = self.get()
            if event.__class__ is StreamEndEvent:
                return
            if event.__class__ is DocumentStartEvent:
                self.anchors.clear()
                self.sizes.clear()
                first: Any = self.get()
                self.document = Document(None, first.start_mark)
                self.document.root = self.value(first, 0)
                if self.document.root is not None:
                    self.documents.append(self.document)

    def problem(self, code: str, mark: Mark, message: str, hint: str | None) -> None:
        self.diagnostics.append(Diagnostic(code, message, position(mark), hint))
        if len(self.diagnostics) >= MAX_PROBLEMS:
            raise self.stop(
                "too-many-errors", mark, "this file has more errors than are worth listing", "correct these first"
            )

    def stop(self, code: str, mark: Mark, message: str, hint: str | None = None) -> _StopError:
        self.diagnostics.append(Diagnostic(code, message, position(mark), hint))
        return _StopError()

    def value(self, event: Any, depth: int) -> Any:
        if event.__class__ is ScalarEvent:
            return self.scalar(event)
        if event.__class__ is AliasEvent:
            return self.alias(event)
        if depth == MAX_DEPTH:
            message = f"more than {MAX_DEPTH} maps and lists inside each other"
            raise self.stop("too-deep", event.start_mark, message, "no part of a manifest is that deep")
        if event.tag is not None:
            self.tag(event)
        anchor = event.anchor
        if anchor is not None:
            self.open_anchors.add(anchor)
        node: Block | Items
        if event.__class__ is MappingStartEvent:
            node = self.read_map(event, depth + 1)
        elif event.__class__ is SequenceStartEvent:
            node = self.read_list(event, depth + 1)
        else:
            raise self.stop("yaml-syntax", event.start_mark, "this is not a value")
        if anchor is not None:
            self.open_anchors.discard(anchor)
            self.anchor(anchor, node)
        return node

    def read_map(self, start: Any, depth: int) -> Block:
        block = Block()
        block.mark = start.start_mark
        block.at = at = {}
        get, scalar, dollars, kept = self.get, self.scalar, self.document.dollars, self.keys.setdefault
        while True:
            event: Any = get()
            if event.__class__ is MappingEndEvent:
                self.count(len(block), start.start_mark)
                return block
            key_mark = event.start_mark
            key = scalar(event) if event.__class__ is ScalarEvent else self.value(event, depth)
            if key.__class__ is not str or key in block or key == "<<" or not key:
                key = self.bad_key(key, event, block)
            event = get()
            value = scalar(event) if event.__class__ is ScalarEvent else self.value(event, depth)
            if key is None:
                continue
            key = kept(key, key)
            block[key] = value
            at[key] = (key_mark, event.start_mark)
            if len(block) > MAX_NODES:
                self.count(len(block), start.start_mark)
            if "${" in key:
                self.document.dollar_keys.append((block, key))
            if value.__class__ is str:
                if "$" in value:
                    dollars.append((block, key))
            elif value is None and event.__class__ is ScalarEvent and not event.value:
                self.document.missing.append((block, key))

    def read_list(self, start: Any, depth: int) -> Items:
        items = Items()
        items.mark = start.start_mark
        items.at = []
        while True:
            event: Any = self.get()
            if event.__class__ is SequenceEndEvent:
                self.count(len(items), start.start_mark)
                return items
            value = self.value(event, depth)
            items.append(value)
            if len(items) > MAX_NODES:
                self.count(len(items), start.start_mark)
            items.at.append(event.start_mark)
            if value.__class__ is str and "$" in value:
                self.document.dollars.append((items, len(items) - 1))
            elif value is None and event.__class__ is ScalarEvent and not event.value:
                self.document.missing.append((items, len(items) - 1))

    def count(self, more: int, mark: Mark) -> None:
        self.document.nodes += more
        self.nodes += more
        if self.nodes > MAX_NODES:
            message = f"this file has more than {MAX_NODES} keys and items"
            raise self.stop("file-too-large", mark, message, "split it into several files")

    def bad_key(self, key: Any, event: Any, block: Block) -> str | None:
        """Report a key that is no text, or is there already. None: leave the entry out."""
        mark = event.start_mark
        if key == "<<" and (event.__class__ is not ScalarEvent or event.implicit[0]):
            hint = "write the keys out, share values with variables, or change them for one environment with --overlay"
            self.problem("merge-key", mark, "YAML merge keys (`<<`) are not part of a manifest", hint)
            return None
        if key == "":
            self.problem("key-not-text", mark, "this name is empty", "write a name, or delete the entry")
            return None
        if key.__class__ is str:
            if key not in block:
                return str(key)
            before = key_position(block, key)
            hint = f"it is first written in line {before.line}; keep one of them"
            self.problem("duplicate-key", mark, f"`{key}` is written twice in one map", hint)
            return None
        if event.__class__ is ScalarEvent and event.value:
            message = f"`{event.value}` is {_kind(key)} to YAML, and a name here is a text"
            self.problem("key-not-text", mark, message, f'quote it: "{event.value}"')
            return str(event.value) if event.value not in block else None
        self.problem("key-not-text", mark, "the name before the `:` is missing or is not a text", "write a name")
        return None

    def scalar(self, event: Any) -> Any:
        value = event.value
        if event.tag is not None:
            self.tag(event)
        elif event.implicit[0]:
            resolvers = _RESOLVERS.get(value[:1])
            if resolvers is not None:
                value = self.plain(event, value, resolvers)
        if event.anchor is not None:
            self.anchor(event.anchor, value)
        return value

    def plain(self, event: Any, text: str, resolvers: list[tuple[str, Any]]) -> Any:
        """The value of an unquoted scalar that may not be a text."""
        kind = next((tag.rpartition(":")[2] for tag, pattern in resolvers if pattern.match(text)), None)
        if kind is None:
            return text
        if kind == "null":
            return None
        if kind == "merge":
            return text
        if kind == "bool":
            return yaml.SafeLoader.bool_values[text.lower()]
        if kind == "int" and text.lstrip("+-").isdecimal() and len(text) <= _MAX_DIGITS:
            if not text.lstrip("+-").startswith("0") or text == "0":
                return int(text)
        elif kind == "float" and text.lstrip("+-")[:1].isdecimal() and ":" not in text and len(text) <= 2 * _MAX_DIGITS:
            return float(text.replace("_", ""))
        unusual = ", in a form that manifests do not use" if kind in {"int", "float"} else ", and a text is needed here"
        message = f"`{_shorten(text)}` is {_KINDS.get(kind, 'not a text')} to YAML{unusual}"
        self.problem("wrong-type", event.start_mark, message, f'quote it: "{_shorten(text)}"')
        return text

    def tag(self, event: Any) -> None:
        hint = "delete the tag; manifests are plain data, and a text is written in quotes"
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        message = f"YAML tags (`{_shorten(tag)}`) are not part of a manifest"
        self.problem("yaml-tag", event.start_mark, message, hint)

    def anchor(self, name: str, node: Any) -> None:
        self.anchors[name] = node
        self.sizes.pop(name, None)

    def alias(self, event: Any) -> Any:
        name = event.anchor
        if name in self.open_anchors:
            message = f"`*{name}` stands inside the value that it repeats"
            raise self.stop("recursive-anchor", event.start_mark, message, "write the value out")
        if name not in self.anchors:
            message = f"`*{name}` repeats a value that is not marked before it with `&{name}`"
            hint = f'mark a value with &{name} first; a text that starts with * goes in quotes: "*{name}"'
            raise self.stop("undefined-anchor", event.start_mark, message, hint)
        if name not in self.sizes:
            self.sizes[name] = _size(self.anchors[name])
        self.aliased_nodes += self.sizes[name]
        if self.aliased_nodes > MAX_ALIASED_NODES:
            message = f"the aliases of this file stand for more than {MAX_ALIASED_NODES} values"
            raise self.stop("alias-bomb", event.start_mark, message, "write the values out, or make them fewer")
        return self.anchors[name]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "null" if value is None else "a number"


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _size(node: Any) -> int:
    """How many nodes a value has, with everything that aliases in it stand for."""
    count, stack = 0, [node]
    while stack:
        node = stack.pop()
        count += 1
        if isinstance(node, Block):
            stack.extend(node.values())
            count += len(node)
        elif isinstance(node, Items):
            stack.extend(node)
    return count
