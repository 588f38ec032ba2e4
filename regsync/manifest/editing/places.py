"""Where a collection and its aliases are written: in which files, in which nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from regsync.manifest.editing.splice import Document
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.spans import List, Map, Node, Repeat, Scalar, Written, spans
from regsync.names import Address
from regsync.slots import dataclass

Entry = tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class Place:
    """A block of a collection in one document of a file. `path`: the nodes that it lies in, outermost first."""

    document: Document
    path: tuple[Node, ...]
    name: Node
    block: Map

    @property
    def aliases(self) -> Map | None:
        """The map of aliases, if there is one."""
        entry = self.block.find("aliases")
        return entry[1] if entry and isinstance(entry[1], Map) else None

    def entries(self) -> list[Entry]:
        """The aliases that are written here."""
        return self.aliases.entries if self.aliases else []

    def alias(self, name: str) -> Entry | None:
        """The entry of an alias."""
        return self.aliases.find(name) if self.aliases else None

    def check(self) -> None:
        """Raise where nothing in here can be edited without changing other places as well."""
        aliases = self.block.find("aliases")
        for node in (*self.path, self.block, *(aliases[1:] if aliases else ())):
            self.document.check_own(node)


def documents(source: Source) -> list[tuple[Document, Node]]:
    """The documents of a file, each with its root."""
    text = source.data.decode()
    return [(_document(text, source, written), written.root) for written in spans(text)]


Reader = Callable[[Source], Iterable[tuple[Document, Node]]]
"""`documents`, or the same with a memory."""


def places(sources: Iterable[Source], address: Address, read: Reader = documents) -> Iterator[Place]:
    """Every block of the collection (or, without one, the registry) at `address`, in the order of the sources."""
    steps: tuple[str, ...] = ("registries", address.registry)
    steps += () if address.collection is None else ("collections", address.collection)
    for source in sources:
        for document, root in read(source):
            found = _walk(document, root, steps)
            if found is not None:
                yield found


def room(source: Source, address: Address, read: Reader = documents) -> tuple[Document, Map, tuple[str, ...]]:
    """Where the aliases of a collection that a file does not mention have their room: the innermost map above them that is
    there, and the keys that are missing between the two."""
    steps = ("registries", address.registry, "collections", str(address.collection), "aliases")
    found: list[tuple[int, Document, Map]] = []
    for document, root in read(source):
        node, depth = root, 0
        for step in steps:
            entry = node.find(step) if isinstance(node, Map) else None
            if entry is None:
                break
            document.check_own(entry[1])
            node, depth = entry[1], depth + 1
        if not isinstance(node, Map):
            raise document.refuse(node, f"`{steps[depth - 1]}` is not a map here", "edit it by hand")
        found.append((depth, document, node))
    depth, document, node = max(found, key=lambda each: each[0])
    return document, node, steps[depth:]


def _document(text: str, source: Source, written: Written) -> Document:
    flow = isinstance(written.root, Map) and written.root.flow
    return Document(text, source.name, frozenset(repeated(written.root)), flow)


def written_version(entry: Entry) -> str | None:
    """The version of an alias as its file writes it, variables and all."""
    version = entry[1].find("version") if isinstance(entry[1], Map) else entry
    return version[1].value if version and isinstance(version[1], Scalar) else None


def _walk(document: Document, root: Node, steps: tuple[str, ...]) -> Place | None:
    node, path = root, [root]
    for step in steps:
        if isinstance(node, Repeat):
            document.check_own(node)
        entry = node.find(step) if isinstance(node, Map) else None
        if entry is None:
            return None
        name, node = entry
        path.append(node)
    if isinstance(node, Repeat):
        document.check_own(node)
    return Place(document, tuple(path[:-1]), name, node) if isinstance(node, Map) else None


def repeated(node: Node) -> Iterator[str]:
    """The names of all `*name` in a node."""
    if isinstance(node, Repeat):
        yield node.name
    elif isinstance(node, Map):
        for key, value in node.entries:
            yield from repeated(key)
            yield from repeated(value)
    elif isinstance(node, List):
        for item in node.items:
            yield from repeated(item)
