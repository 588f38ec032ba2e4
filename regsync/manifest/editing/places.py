"""Where a collection and its aliases are written: in which files, in which nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from regsync.manifest.editing.splice import Document
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.spans import List, Map, Node, Repeat, Scalar, spans
from regsync.names import Address

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
        return next(
            (entry for entry in self.entries() if isinstance(entry[0], Scalar) and entry[0].value == name), None
        )

    def check(self) -> None:
        """Raise where nothing in here can be edited without changing other places as well."""
        aliases = self.block.find("aliases")
        for node in (*self.path, self.block, *(aliases[1:] if aliases else ())):
            self.document.check_own(node)


def places(sources: Iterable[Source], address: Address) -> Iterator[Place]:
    """Every block of the collection at `address`, in the order of the sources."""
    steps = ("registries", address.registry, "collections", str(address.collection))
    for source in sources:
        text = source.data.decode()
        for written in spans(text):
            document = Document(text, source.name, frozenset(_repeated(written.root)))
            found = _walk(document, written.root, steps)
            if found is not None:
                yield found


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


def _repeated(node: Node) -> Iterator[str]:
    if isinstance(node, Repeat):
        yield node.name
    elif isinstance(node, Map):
        for key, value in node.entries:
            yield from _repeated(key)
            yield from _repeated(value)
    elif isinstance(node, List):
        for item in node.items:
            yield from _repeated(item)
