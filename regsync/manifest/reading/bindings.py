"""Versions and aliases: what each text means, and what does not go together."""

from __future__ import annotations

from collections.abc import KeysView, Mapping
from functools import partial
from typing import Any

from regsync.core.desired import DesiredAlias, DesiredVersion, PinnedAliases
from regsync.diagnostics import Position
from regsync.manifest.reading import words
from regsync.manifest.reading.lint import Findings, has_similar, similar_names
from regsync.manifest.reading.listed import ABSENT, Seen
from regsync.manifest.reading.tree import Block, Items, key_position, position, value_position
from regsync.names import Alias, IndexRef, SourceRef, VersionRef, are_pinned_sources, parse_version_ref
from regsync.slots import NamedTuple


class Pin(NamedTuple):
    """The digest of a version, and the place that says so."""

    digest: str
    origin: Position


class Bindings:
    """Reads the versions and aliases of all collections of a document. What it finds wrong goes into `findings`."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.pins: dict[SourceRef, Pin] = {}
        self.plain_aliases: set[str] = set()
        self.unlike: KeysView[str] = {}.keys()

    def aliases(self, parent: Block) -> Mapping[Alias, DesiredAlias] | None:
        """What a collection binds to what; None where it says nothing of aliases."""
        if "aliases" not in parent:
            return None
        block = parent["aliases"]
        if not self.plain_aliases.issuperset(block):
            for name in block:
                self.alias_name(name, key_position(block, name))
        if are_pinned_sources(block.values()):
            # The marks of the keys only: the places of the values, which nobody needs any more, go with the block.
            marks = [mark for mark, _ in map(block.at.__getitem__, block)]
            return PinnedAliases(dict(block), partial(map, position, marks))
        return {name: self.alias(name, value, block, key_position(block, name)) for name, value in block.items()}

    def alias(self, name: str, value: Any, block: Block, origin: Position) -> DesiredAlias:
        if value == ABSENT:
            return DesiredAlias(None, None, origin)
        if isinstance(value, str):
            return DesiredAlias(self.ref(value, block, name), None, origin)
        ref, digest = self.pinned(value)
        return DesiredAlias(ref, digest, origin)

    def look_alikes(self, collection: str, aliases: Mapping[Alias, DesiredAlias]) -> None:
        """Warn about aliases that people take for one another. Most collections have the same few, so the last ones that are unlike
        are kept."""
        if not aliases or aliases.keys() == self.unlike:
            return
        if has_similar(aliases):
            wanted = ((alias, item.origin) for alias, item in aliases.items() if item.ref is not None)
            similar_names(wanted, f"aliases of `{collection}`", self.findings)
        else:
            self.unlike = aliases.keys()

    def alias_name(self, name: str, where: Position) -> None:
        """Warn about a name that could deceive. Most collections have the same few, so those that could not are kept."""
        before = len(self.findings.diagnostics)
        self.findings.name(name, where)
        if len(self.findings.diagnostics) == before:
            self.plain_aliases.add(name)

    def versions(self, parent: Block) -> tuple[DesiredVersion, ...] | None:
        """The links that a collection shall have, in this order; None where it says nothing of versions."""
        if "versions" not in parent:
            return None
        items: Items = parent["versions"]
        result: list[DesiredVersion] = []
        seen = Seen(self.findings, "version")
        for index, item in enumerate(items):
            where = value_position(items, index)
            digest, absent = None, False
            if isinstance(item, str):
                ref = self.ref(item, items, index)
            elif "version" in item:
                ref, digest = self.pinned(item)
            else:
                (text,) = item
                ref, absent = self.ref(text, item, text), True
            if ref is None:
                continue
            if isinstance(ref, IndexRef) and not absent:
                message = (
                    f"`{ref}` is a version that the collection has already; a list of versions names their sources"
                )
                hint = f"write entity/project/artifact:v3, or {{{ref}: absent}} to unlink it"
                self.findings.error("index-in-versions", message, where, hint)
            elif seen.is_new(str(ref), where, absent=absent):
                result.append(DesiredVersion(ref, digest, absent, where))
        return tuple(result)

    def pinned(self, block: Block) -> tuple[VersionRef | None, str | None]:
        """Reads `{version, digest}`, and notes the digest; the same version may have no other one anywhere."""
        ref = self.ref(block["version"], block, "version")
        digest = block.get("digest")
        if digest is not None and isinstance(ref, SourceRef):
            pin = Pin(digest, value_position(block, "digest"))
            first = self.pins.setdefault(ref, pin)
            if first.digest != digest:
                message = f"`{ref}` has this digest here and another one at {first.origin}"
                hint = "a version has one digest: copy it from the artifact's page to both places"
                self.findings.error("digest-conflict", message, pin.origin, hint)
        return ref, digest

    def ref(self, text: str, container: Block | Items, key: Any) -> VersionRef | None:
        """The version that a text means; None, and a finding, where it means none."""
        try:
            ref = parse_version_ref(text)
        except ValueError as error:
            hint = words.version_hint(text, absent=False)
            self.findings.error("bad-version", f"`{text}` {error}", value_position(container, key), hint)
            return None
        if not text.isascii():
            for part in ref.parts if isinstance(ref, SourceRef) else ():
                self.findings.name(part, value_position(container, key))
        if isinstance(ref, SourceRef) and not ref.is_pinned:
            message = f"`{text}` may mean another version tomorrow; planning takes what it means then, and pins it"
            hint = "write its number instead, such as :v12, and every plan means the same"
            self.findings.warning("unpinned-version", message, value_position(container, key), hint)
        return ref
