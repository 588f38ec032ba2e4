"""From the path that the validator gives an error to the keys of the document.

jsonschema-rs turns keys of digits into numbers: "7", "007" and "+7" all come back as 7. Where several keys may be meant, it is the
one that leads to the value that the error quotes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from regsync.manifest.reading.tree import Block, Items

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError


class Locator:
    """Finds the real path of errors in one document, which must not change meanwhile."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._numbers: dict[int, dict[int, list[str]]] = {}

    def path(self, error: ValidationError) -> list[Any]:
        """The keys and indices that lead to what an error speaks of."""
        path: list[Any] = list(error.instance_path)
        if not any(isinstance(step, int) for step in path):
            return path
        found = list(self._find(self._root, path))
        if len(found) > 1:
            quoted = error.instance
            found = [each for each in found if self._at(each) == quoted] or found
        return found[0] if found else path

    def _find(self, node: Any, path: list[Any]) -> Iterable[list[Any]]:
        if not path:
            yield []
            return
        step = path[0]
        keys: list[Any] = []
        if isinstance(node, Items) and isinstance(step, int) and step < len(node):
            keys = [step]
        elif isinstance(node, Block):
            keys = self._keys(node, step) if isinstance(step, int) else [step] if step in node else []
        for key in keys:
            for rest in self._find(node[key], path[1:]):
                yield [key, *rest]

    def _keys(self, block: Block, number: int) -> list[str]:
        if id(block) not in self._numbers:
            numbers: dict[int, list[str]] = {}
            for key in block:
                if key.isascii() and len(key) < 25 and key.removeprefix("+").isdecimal():
                    numbers.setdefault(int(key), []).append(key)
            self._numbers[id(block)] = numbers
        return self._numbers[id(block)].get(number, [])

    def _at(self, path: list[Any]) -> Any:
        node = self._root
        for step in path:
            node = node[step]
        return node
