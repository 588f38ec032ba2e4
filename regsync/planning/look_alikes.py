"""Names that a plan would make beside almost the same ones that are live: for whoever reads the plan, nothing is decided by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from regsync.alike import alike_key, difference
from regsync.core.actions import (
    AddTags,
    AllowArtifactTypes,
    CreateCollection,
    CreateRegistry,
    ProtectAlias,
    SetAlias,
    SetMember,
)
from regsync.core.desired import Desired
from regsync.core.live import Live, LiveCollection
from regsync.core.operation import Operation
from regsync.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from regsync.backends.base import Reader


def look_alikes(
    operations: Sequence[Operation], live: Live, desired: Desired, reader: Reader
) -> tuple[Diagnostic, ...]:
    """A warning for each new name that people would take for one that is there. Asks for lists of names where registries or
    collections are made, and only then. Raises `BackendError`."""
    making = {each.action.registry for each in operations if isinstance(each.action, CreateCollection)}
    lists = reader.collection_names(sorted(making & live.registries.keys()))
    registries = reader.registry_names() if any(isinstance(each.action, CreateRegistry) for each in operations) else []
    told: dict[tuple[str, str, str], Diagnostic] = {}
    for operation in operations:
        for noun, new, known in _new(operation, live, desired, registries, lists):
            other = _taken_for(new, known)
            if other is not None:
                told.setdefault((noun, new, other), _warning(operation, noun, new, other))
    return tuple(told.values())


def _new(
    operation: Operation, live: Live, desired: Desired, registries: Iterable[str], lists: dict[str, list[str]]
) -> Iterator[tuple[str, str, Iterable[str]]]:
    """What kind of thing is new, its name, and the live ones of that kind that the manifests do not speak of."""
    action = operation.action
    here = live.registries.get(action.registry)
    wanted = desired.registry_at(action.address)
    match action:
        case CreateRegistry(registry=name):
            yield "registry", name, [each for each in registries if each not in desired.registries]
        case CreateCollection(registry=registry, collection=name):
            declared = (wanted.collections if wanted else None) or {}
            former = {each.name for item in declared.values() for each in item.previously}
            known = [each for each in lists.get(registry, []) if each not in {*map(str, declared), *former}]
            yield f"collection of {registry!r}", name, known
        case SetAlias(held_by=None, alias=name):
            collection = desired.collection_at(action.address)
            aliases = (collection.aliases if collection else None) or {}
            place = _collection(live, action.registry, action.collection)
            yield (
                f"alias of {action.registry}/{action.collection}",
                name,
                [each for each in (place.aliases if place else ()) if each not in aliases],
            )
        case AddTags(tags=tags):
            place = _collection(live, action.registry, action.collection)
            for tag in tags:
                yield f"tag of {action.registry}/{action.collection}", tag, place.tags if place else ()
        case ProtectAlias(alias=name):
            yield f"protected alias of {action.registry!r}", name, (here.protected_aliases if here else None) or ()
        case SetMember(old=None, member=name):
            yield f"member of {action.registry!r}", name, (here.members if here else None) or ()
        case AllowArtifactTypes(added=added):
            for name in added:
                yield f"artifact type of {action.registry!r}", name, (here.artifact_types if here else None) or ()
        case _:
            return


def _collection(live: Live, registry: str, name: str) -> LiveCollection | None:
    there = live.registries.get(registry)
    return there.collections.get(name) if there else None


def _taken_for(new: str, known: Iterable[str]) -> str | None:
    key = alike_key(new)
    return next((each for each in sorted(known) if each != new and alike_key(each) == key), None)


def _warning(operation: Operation, noun: str, new: str, other: str) -> Diagnostic:
    message = f"the {noun} `{new}` is new, and `{other}` is live: the two {difference(new, other)}"
    hint = f"write `{other}` if that one is meant; two names that people mix up are two things to the registry"
    return Diagnostic("similar-live", message, operation.reason.position, hint, Severity.WARNING)
