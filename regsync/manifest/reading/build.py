"""From YAML to `Desired`, the last step: the composed document becomes data, and what it means is checked offline.

The document has passed `check`, so its structure is right; what is checked here needs more than one place of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, KeysView, Mapping
from typing import Any, NamedTuple, TypeVar

from regsync import stages
from regsync.core.desired import (
    UNSET,
    Cap,
    Consent,
    Description,
    Desired,
    DesiredAlias,
    DesiredCollection,
    DesiredMember,
    DesiredRegistry,
    DesiredVersion,
    Former,
    HazardName,
    Kind,
    Listed,
    Metric,
)
from regsync.diagnostics import Diagnostic, Position
from regsync.manifest.reading import words
from regsync.manifest.reading.lint import Findings, contradictions, has_similar, renames, similar_names, unguarded
from regsync.manifest.reading.tree import Block, Items, key_position, value_position
from regsync.names import (
    Alias,
    CollectionName,
    IndexRef,
    RegistryName,
    Role,
    SourceRef,
    VersionRef,
    Visibility,
    parse_version_ref,
    pinned_sources,
)

ABSENT = "absent"
N = TypeVar("N", bound=str)
_IN_REGISTRY = (Kind.MEMBERS, Kind.PROTECTED_ALIASES, Kind.COLLECTIONS)
_IN_COLLECTION = (Kind.ALIASES, Kind.TAGS, Kind.VERSIONS)


class _Pin(NamedTuple):
    digest: str
    origin: Position


def build(root: Block, organization: str | None) -> tuple[Desired, list[Diagnostic]]:
    """The desired state of a composed document, and what is wrong with it or worth a warning."""
    return _Builder(root, organization).build()


class _Builder:
    def __init__(self, root: Block, organization: str | None) -> None:
        self.root = root
        self.organization = organization
        self.findings = Findings()
        self.pins: dict[SourceRef, _Pin] = {}
        self.plain_aliases: set[str] = set()
        self.unlike: KeysView[str] = {}.keys()

    def build(self) -> tuple[Desired, list[Diagnostic]]:
        root = self.root
        default = _unlisted(root.get("defaults", {}), {})
        blocks: Block = root.get("registries", Block())
        registries = {RegistryName(name): self.registry(name, blocks, default) for name in blocks}
        similar_names(_named(registries), "registries", self.findings)
        renames(registries, "registry", self.findings)
        desired = Desired(
            organization=self.organization or root.get("organization"),
            registries=registries,
            origin=key_position(root, "registries") if "registries" in root else None,
            consent=self.consent(root),
            caps={Kind(kind): Cap(cap["percent"], int(cap["number"])) for kind, cap in root.get("limits", {}).items()},
        )
        return desired, self.findings.diagnostics

    def registry(self, name: str, parent: Block, default: Mapping[str, str]) -> DesiredRegistry:
        origin = key_position(parent, name)
        self.findings.name(name, origin)
        block = parent[name]
        if not isinstance(block, Block):
            return DesiredRegistry(name=RegistryName(name), origin=origin, absent=True)
        unlisted = _unlisted(block, default)
        types = self.artifact_types(block)
        collections: dict[CollectionName, DesiredCollection] | None = None
        if "collections" in block:
            inherited = _removals(unlisted, _IN_COLLECTION)
            blocks = block["collections"]
            collections = {
                CollectionName(each): self.collection(each, blocks, unlisted, inherited, types)
                for each in stages.one_by_one(f"checking {name}", "collections", blocks)
            }
            similar_names(_named(collections), f"collections of `{name}`", self.findings)
            renames(collections, "collection", self.findings)
        registry = DesiredRegistry(
            name=RegistryName(name),
            origin=origin,
            previously=_former(block),
            description=_description(block),
            visibility=Visibility(block["visibility"]) if "visibility" in block else None,
            artifact_types=types,
            protected_aliases=self.listed(block, "protected_aliases", Alias),
            members=self.members(block),
            collections=collections,
            remove_unlisted=_removals(unlisted, _IN_REGISTRY),
            consent=self.consent(block),
        )
        self.look_alikes(registry)
        return registry

    def look_alikes(self, registry: DesiredRegistry) -> None:
        """Warn about names in a registry that people take for one another."""
        noun, collections = f"of `{registry.name}`", list((registry.collections or {}).values())
        types = list((registry.artifact_types or {}).items())
        types += [(each.type, each.origin) for each in collections if each.type is not None]
        tags = [
            (tag, item.origin) for each in collections for tag, item in (each.tags or {}).items() if not item.absent
        ]
        protected, members = registry.protected_aliases or {}, registry.members or {}
        similar_names(types, f"artifact types {noun}", self.findings)
        similar_names(tags, f"tags {noun}", self.findings)
        guarded = ((name, item.origin) for name, item in protected.items() if not item.absent)
        similar_names(guarded, f"protected aliases {noun}", self.findings)
        people = ((name, item.origin) for name, item in members.items() if item.role)
        similar_names(people, f"members {noun}", self.findings)
        unguarded(registry, self.findings)

    def collection(
        self,
        name: str,
        parent: Block,
        unlisted: Mapping[str, str],
        inherited: frozenset[Kind],
        types: Mapping[str, Position] | None,
    ) -> DesiredCollection:
        origin = key_position(parent, name)
        self.findings.name(name, origin)
        block = parent[name]
        if not isinstance(block, Block):
            return DesiredCollection(name=CollectionName(name), origin=origin, absent=True)
        kind = block.get("type")
        if kind is not None and types is not None and kind not in types:
            self.findings.error(
                "type-not-accepted",
                f"the registry does not accept the type {kind!r} of `{name}`",
                value_position(block, "type"),
                f"add {kind} to artifact_types of the registry; it accepts {', '.join(sorted(types)) or 'none'}",
            )
        versions, aliases = self.versions(block), self.aliases(block)
        if aliases and aliases.keys() != self.unlike and not self.are_unlike(aliases):
            wanted = ((alias, item.origin) for alias, item in aliases.items() if item.ref is not None)
            similar_names(wanted, f"aliases of `{name}`", self.findings)
        contradictions(versions or (), aliases or {}, self.findings)
        return DesiredCollection(
            name=CollectionName(name),
            origin=origin,
            type=kind,
            previously=_former(block),
            description=_description(block),
            tags=self.listed(block, "tags", str),
            versions=versions,
            aliases=aliases,
            remove_unlisted=_removals(_unlisted(block, unlisted), _IN_COLLECTION) if "unlisted" in block else inherited,
            consent=self.consent(block),
            metrics=_metrics(block),
        )

    def aliases(self, parent: Block) -> dict[Alias, DesiredAlias] | None:
        if "aliases" not in parent:
            return None
        block = parent["aliases"]
        new = tuple.__new__  # Half the price of calling a named tuple; here it is paid for every binding.
        marks = map(block.at.__getitem__, block)
        origins = [new(Position, (mark.name, mark.line + 1, mark.column + 1)) for mark, _ in marks]
        if not self.plain_aliases.issuperset(block):
            for name, origin in zip(block, origins, strict=True):
                self.alias_name(name, origin)
        refs = _pinned_sources(block.values())
        if refs is not None:
            bound = zip(block, refs, origins, strict=True)
            return {name: new(DesiredAlias, (ref, None, origin)) for name, ref, origin in bound}
        return {
            name: self.alias(name, value, block, origin)
            for (name, value), origin in zip(block.items(), origins, strict=True)
        }

    def alias(self, name: str, value: Any, block: Block, origin: Position) -> DesiredAlias:
        if value == ABSENT:
            return DesiredAlias(None, None, origin)
        if isinstance(value, str):
            return DesiredAlias(self.ref(value, block, name), None, origin)
        ref, digest = self.pinned(value)
        return DesiredAlias(ref, digest, origin)

    def are_unlike(self, aliases: Mapping[Alias, DesiredAlias]) -> bool:
        """Whether nobody takes one of these for another. Most collections have the same ones, so those of the last one are kept."""
        if has_similar(aliases):
            return False
        self.unlike = aliases.keys()
        return True

    def alias_name(self, name: str, where: Position) -> None:
        """Warn about a name that could deceive. Most collections have the same few, so those that could not are kept."""
        before = len(self.findings.diagnostics)
        self.findings.name(name, where)
        if len(self.findings.diagnostics) == before:
            self.plain_aliases.add(name)

    def versions(self, parent: Block) -> tuple[DesiredVersion, ...] | None:
        if "versions" not in parent:
            return None
        items: Items = parent["versions"]
        result: list[DesiredVersion] = []
        seen = _Seen(self.findings, "version")
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
            pin = _Pin(digest, value_position(block, "digest"))
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

    def artifact_types(self, parent: Block) -> dict[str, Position] | None:
        if "artifact_types" not in parent:
            return None
        items: Items = parent["artifact_types"]
        seen = _Seen(self.findings, "artifact type")
        for index, name in enumerate(items):
            where = value_position(items, index)
            self.findings.name(name, where)
            seen.is_new(name, where, absent=False)
        return {name: each.origin for name, each in seen.items.items()}

    def listed(self, parent: Block, key: str, of: Callable[[str], N]) -> dict[N, Listed] | None:
        """A list of names, each wanted there or, as `{NAME: absent}`, wanted gone."""
        if key not in parent:
            return None
        items: Items = parent[key]
        seen = _Seen(self.findings, "tag" if key == "tags" else "alias")
        for index, item in enumerate(items):
            name, absent = (item, False) if isinstance(item, str) else (next(iter(item)), True)
            where = value_position(items, index)
            self.findings.name(name, where)
            seen.is_new(name, where, absent=absent)
        return {of(name): each for name, each in seen.items.items()}

    def members(self, parent: Block) -> dict[str, DesiredMember] | None:
        if "members" not in parent:
            return None
        block: Block = parent["members"]
        result: dict[str, DesiredMember] = {}
        for name, role in block.items():
            origin = key_position(block, name)
            self.findings.name(name, origin)
            result[name] = DesiredMember(None if role == ABSENT else Role(role), origin)
        return result

    def consent(self, parent: Block) -> tuple[Consent, ...]:
        if "consent" not in parent:
            return ()
        result: list[Consent] = []
        items: Items = parent["consent"]
        seen = _Seen(self.findings, "hazard")
        for index, item in enumerate(items):
            where = value_position(items, index)
            if isinstance(item, Block) and ABSENT in item.values():
                continue
            consent = _consent(item, where)
            what = consent.hazard if consent.thing is None else f"{consent.hazard}: {consent.thing}"
            if seen.is_new(what, where, absent=False):
                result.append(consent)
        return tuple(sorted(result, key=lambda each: (each.hazard, each.thing or "")))


class _Seen:
    """The items of one list, by name; reports those that stand there twice."""

    def __init__(self, findings: Findings, noun: str) -> None:
        self.findings = findings
        self.noun = noun
        self.items: dict[str, Listed] = {}

    def is_new(self, name: str, origin: Position, *, absent: bool) -> bool:
        first = self.items.setdefault(name, Listed(absent, origin))
        if first.origin == origin:
            return True
        if first.absent != absent:
            message = f"the {self.noun} `{name}` is listed here and `absent` at {first.origin}"
            if absent:
                message = f"the {self.noun} `{name}` is `absent` here and listed at {first.origin}"
            self.findings.error("contradiction", message, origin, "keep one of them")
        else:
            message = f"the {self.noun} `{name}` stands in this list twice; it is first at {first.origin}"
            self.findings.error("duplicate-item", message, origin, "delete one of them")
        return False


def _pinned_sources(values: Collection[Any]) -> list[SourceRef] | None:
    """What all values of a map of aliases mean, where that is simple; else None. The schema has found that each is a version."""
    return pinned_sources(list(values)) if set(map(type, values)) == {str} else None


def _named(things: Mapping[Any, DesiredRegistry] | Mapping[Any, DesiredCollection]) -> list[tuple[str, Position]]:
    """The names of things that shall be there, and their places, in the order of the places."""
    return sorted(((each.name, each.origin) for each in things.values() if not each.absent), key=lambda each: each[1])


def _unlisted(block: Mapping[str, Any], outer: Mapping[str, str]) -> Mapping[str, str]:
    own = block.get("unlisted")
    return {**outer, **own} if own else outer


def _removals(unlisted: Mapping[str, str], kinds: tuple[Kind, ...]) -> frozenset[Kind]:
    return frozenset(kind for kind in kinds if unlisted.get(kind) == "remove")


def _description(block: Block) -> Description:
    description: Description = block.get("description", UNSET)
    return description


def _former(block: Block) -> tuple[Former, ...]:
    """A name, or a list of names."""
    if "previously" not in block:
        return ()
    value: str | Items = block["previously"]
    if isinstance(value, str):
        return (Former(value, value_position(block, "previously")),)
    return tuple(Former(name, value_position(value, index)) for index, name in enumerate(value))


def _consent(item: Any, where: Position) -> Consent:
    """`remove-alias`, `remove-alias=2`, `{remove-alias: 2}`, or `{remove-alias: shadow}`."""
    if isinstance(item, str):
        name, equals, number = item.partition("=")
        return Consent(HazardName(name), int(number) if equals else None, None, where)
    ((name, value),) = item.items()
    if isinstance(value, str):
        return Consent(HazardName(name), None, value, where)
    return Consent(HazardName(name), int(value), None, where)


def _metrics(parent: Block) -> dict[str, Metric]:
    if "metrics" not in parent:
        return {}
    block: Block = parent["metrics"]
    result: dict[str, Metric] = {}
    for name, value in block.items():
        better, bound = (value, None) if isinstance(value, str) else (value["better"], value.get("bound"))
        limit = None if bound is None else float(bound)
        result[name] = Metric(better == "higher", limit, key_position(block, name))
    return result
