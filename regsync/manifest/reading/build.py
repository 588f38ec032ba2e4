"""From YAML to `Desired`, the last step: the composed document becomes data, and what it means is checked offline.

The document has passed `check`, so its structure is right; what is checked here needs more than one place of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regsync import stages
from regsync.core.desired import (
    UNSET,
    Cap,
    Description,
    Desired,
    DesiredCollection,
    DesiredMember,
    DesiredRegistry,
    Former,
    Kind,
    Metric,
)
from regsync.diagnostics import Diagnostic, Position
from regsync.manifest.reading.bindings import Bindings
from regsync.manifest.reading.lint import Findings, contradictions, renames, similar_names, unguarded
from regsync.manifest.reading.listed import ABSENT, artifact_types, consents, listed
from regsync.manifest.reading.tree import Block, Items, key_position, value_position
from regsync.names import Alias, CollectionName, RegistryName, Role, Visibility

_IN_REGISTRY = (Kind.MEMBERS, Kind.PROTECTED_ALIASES, Kind.COLLECTIONS)
_IN_COLLECTION = (Kind.ALIASES, Kind.TAGS, Kind.VERSIONS)


def build(root: Block, organization: str | None) -> tuple[Desired, list[Diagnostic]]:
    """The desired state of a composed document, and what is wrong with it or worth a warning."""
    return _Builder(root, organization).build()


class _Builder:
    def __init__(self, root: Block, organization: str | None) -> None:
        self.root = root
        self.organization = organization
        self.findings = Findings()
        self.bindings = Bindings(self.findings)

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
            consent=consents(root, self.findings),
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
        types = artifact_types(block, self.findings)
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
            protected_aliases=listed(block, "protected_aliases", Alias, self.findings),
            members=self.members(block),
            collections=collections,
            remove_unlisted=_removals(unlisted, _IN_REGISTRY),
            consent=consents(block, self.findings),
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
        versions, aliases = self.bindings.versions(block), self.bindings.aliases(block)
        self.bindings.look_alikes(name, aliases or {})
        contradictions(versions or (), aliases or {}, self.findings)
        return DesiredCollection(
            name=CollectionName(name),
            origin=origin,
            type=kind,
            previously=_former(block),
            description=_description(block),
            tags=listed(block, "tags", str, self.findings),
            versions=versions,
            aliases=aliases,
            remove_unlisted=_removals(_unlisted(block, unlisted), _IN_COLLECTION) if "unlisted" in block else inherited,
            consent=consents(block, self.findings),
            metrics=_metrics(block),
        )

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
