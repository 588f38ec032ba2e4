"""The manifest schema as the formatter and edits need it: which keys a map has, in which order, and what is below them."""

from __future__ import annotations

from typing import Any

from regsync.schema_files import schema
from regsync.slots import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """A part of the schema; empty for what the schema does not know."""

    part: dict[str, Any]

    @classmethod
    def root(cls) -> Shape:
        """The whole manifest."""
        return cls(schema("manifest"))

    def of(self, key: str) -> Shape:
        """What the value of a key is."""
        found = self._properties().get(key, self.part.get("additionalProperties"))
        return _shape(found)

    def item(self) -> Shape:
        """What an item of a list is."""
        return _shape(self.part.get("items"))

    def rank(self, key: str) -> int:
        """The place of a key among its neighbours; keys that are names of the author's choice all share one, at the end."""
        keys = list(self._properties())
        return keys.index(key) if key in keys else len(keys)

    def _properties(self) -> dict[str, Any]:
        return self.part.get("properties") or self.part.get("then", {}).get("properties") or {}


def _shape(part: Any) -> Shape:
    """Follows references; of `anyOf` (a thing, or a text with a variable) the thing counts."""
    while isinstance(part, dict) and ("$ref" in part or "anyOf" in part):
        part = schema("manifest")["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part["anyOf"][0]
    return Shape(part if isinstance(part, dict) else {})
