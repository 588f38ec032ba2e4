"""Plan: what would be done, where, on what evidence, and whether it may be. Frozen; every view is rendered from its document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from regsync.core.actions import Json
from regsync.core.desired import UNSET, Consents, Desired, DesiredCollection, DesiredRegistry
from regsync.core.diff import Comparison, ManualStep
from regsync.core.hazards import Hazard, assess, consent_places
from regsync.core.live import Destination, Live, Scope, Unresolved, Version
from regsync.core.operation import Operation
from regsync.core.order import number_off, put_in_order
from regsync.core.proof import Proof, prove
from regsync.core.undo import Irrevocable, Undo, undo_of
from regsync.diagnostics import Diagnostic, DiagnosticsError
from regsync.names import Address, SourceRef


class ManifestInfo(NamedTuple):
    """Which manifests a plan was made from: a digest over all of them, each file's own, and the Git commit if known."""

    digest: str
    files: tuple[tuple[str, str], ...]
    commit: str | None


class ReadInfo(NamedTuple):
    """What was read: the scope, how much it was, and a fingerprint for every part, by address."""

    scope: Scope
    complete: bool
    pages: int
    items: int
    fingerprints: Mapping[str, str]


class Selection(NamedTuple):
    """How `--target`, `--exclude` and `--allow` narrowed or widened this plan."""

    targets: tuple[Address, ...] = ()
    excludes: tuple[Address, ...] = ()
    allow: Consents = MappingProxyType({})


EVERYTHING: Final = Selection()
"""All that is declared, with no consent but the manifests' own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The reviewed thing. `applyable` says that no hazard is open; it does not say that it still fits what is live.

    `complete` says that all that the manifests declare is in it, and that it rests on complete reads.
    """

    destination: Destination
    manifest: ManifestInfo
    read: ReadInfo
    selection: Selection
    operations: tuple[Operation, ...]
    hazards: tuple[Hazard, ...]
    manual: tuple[ManualStep, ...]
    warnings: tuple[Diagnostic, ...]
    owned: Json
    consents: tuple[Json, ...]
    unchanged: Json
    undo: tuple[Operation, ...]
    irrevocable: tuple[Irrevocable, ...]
    proof: Proof
    undoes: str | None = None
    """The digest of the receipt that this plan takes back, for a plan made by `undo`."""

    @property
    def complete(self) -> bool:
        return self.read.complete and not self.selection.targets and not self.selection.excludes

    @property
    def applyable(self) -> bool:
        return all(hazard.consented for hazard in self.hazards)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that a plan is made from; the same inputs make the same plan, byte for byte."""

    desired: Desired
    live: Live
    scope: Scope
    resolved: Mapping[SourceRef, Version | Unresolved]
    destination: Destination
    manifest: ManifestInfo
    fingerprints: Mapping[str, str]
    manages_protected: bool
    selection: Selection = EVERYTHING
    warnings: tuple[Diagnostic, ...] = ()


def make_plan(inputs: Inputs, comparison: Comparison) -> Plan:
    """Compare, order, judge and prove. `comparison` is the one of the same desired and live state.

    Raises `DiagnosticsError` where the desired state cannot be reached, with every reason; `ProofError` never, unless
    regsync has a defect.
    """
    actor = inputs.destination.user
    findings = comparison.findings(inputs.resolved, actor=actor, manages_protected=inputs.manages_protected)
    diagnostics = [*inputs.warnings, *findings.diagnostics]
    if any(diagnostic.is_error for diagnostic in diagnostics):
        raise DiagnosticsError(diagnostics)
    operations = put_in_order(findings.drafts, actor)
    hazards = assess(operations, findings.emptied, inputs.desired, inputs.live, inputs.selection.allow)

    def nothing_left(final: Live) -> bool:
        again = Comparison(inputs.desired, final).findings(
            inputs.resolved, actor=actor, manages_protected=inputs.manages_protected
        )
        return not again.drafts and not any(d.is_error for d in again.diagnostics)

    proof, final = prove(operations, inputs.live, actor, nothing_left)
    undo = undo_of(operations, final, actor)
    return Plan(
        destination=inputs.destination,
        manifest=inputs.manifest,
        read=_read_info(inputs),
        selection=inputs.selection,
        operations=operations,
        hazards=hazards,
        manual=tuple(findings.manual),
        warnings=tuple(diagnostics),
        owned=_owned(inputs.desired),
        consents=_consents(inputs),
        unchanged=_unchanged(inputs.desired, operations),
        undo=number_off(undo.drafts),
        irrevocable=undo.irrevocable,
        proof=proof,
    )


def make_undo_plan(inputs: Inputs, undo: Undo, receipt_digest: str) -> Plan:
    """The plan that takes a receipt back, from what `undo_of` found against the live state in `inputs`."""
    actor = inputs.destination.user
    operations = number_off(undo.drafts)
    hazards = assess(operations, (), inputs.desired, inputs.live, inputs.selection.allow)
    hazards = tuple(hazard for hazard in hazards if hazard.operations or hazard.name != "empty-desired")
    proof, final = prove(operations, inputs.live, actor, lambda _: True)
    back = undo_of(operations, final, actor)
    return Plan(
        destination=inputs.destination,
        manifest=inputs.manifest,
        read=_read_info(inputs),
        selection=inputs.selection,
        operations=operations,
        hazards=hazards,
        manual=(),
        warnings=inputs.warnings,
        owned={},
        consents=_consents(inputs),
        unchanged={"registries": 0, "collections": 0, "aliases": 0},
        undo=number_off(back.drafts),
        irrevocable=undo.irrevocable,
        proof=proof,
        undoes=receipt_digest,
    )


def _read_info(inputs: Inputs) -> ReadInfo:
    read = inputs.live.read
    return ReadInfo(inputs.scope, read.complete, read.pages, read.items, inputs.fingerprints)


def _consents(inputs: Inputs) -> tuple[Json, ...]:
    given: list[Json] = [
        {"address": str(Address(registry, collection)) if registry else "", "hazard": name.value, "number": number}
        for registry, collection, consents in consent_places(inputs.desired)
        for name, number in sorted(consents.items())
    ]
    given += [
        {"address": "--allow", "hazard": name.value, "number": number}
        for name, number in sorted(inputs.selection.allow.items())
    ]
    return tuple(given)


def _owned(desired: Desired) -> Json:
    """Everything that the manifests manage, by address: what a plan may touch, and nothing else."""
    return {registry.name: _owned_registry(registry) for registry in desired.registries.values()}


def _owned_registry(registry: DesiredRegistry) -> Json:
    owned: Json = {}
    if registry.absent:
        return {"absent": True}
    if registry.description is not UNSET:
        owned["description"] = True
    if registry.visibility is not None:
        owned["visibility"] = True
    for key, block in (
        ("artifact_types", registry.artifact_types),
        ("protected_aliases", registry.protected_aliases),
        ("members", registry.members),
    ):
        if block is not None:
            owned[key] = sorted(block)
    if registry.collections is not None:
        owned["collections"] = {c.name: _owned_collection(c) for c in registry.collections.values()}
    if registry.remove_unlisted:
        owned["remove_unlisted"] = sorted(registry.remove_unlisted)
    return owned


def _owned_collection(collection: DesiredCollection) -> Json:
    owned: Json = {}
    if collection.absent:
        return {"absent": True}
    if collection.description is not UNSET:
        owned["description"] = True
    if collection.tags is not None:
        owned["tags"] = sorted(collection.tags)
    if collection.versions is not None:
        owned["versions"] = [str(version.ref) for version in collection.versions]
    if collection.aliases is not None:
        owned["aliases"] = sorted(collection.aliases)
    if collection.remove_unlisted:
        owned["remove_unlisted"] = sorted(collection.remove_unlisted)
    return owned


def _unchanged(desired: Desired, operations: tuple[Operation, ...]) -> Json:
    """How many declared registries, collections and aliases no operation is about."""
    places = {operation.action.address for operation in operations}
    busy_collections = {place[:2] for place in places}
    busy_registries = {place.registry for place in places}
    registries = collections = aliases = 0
    for registry in desired.registries.values():
        registries += registry.name not in busy_registries
        for collection in (registry.collections or {}).values():
            if (registry.name, collection.name) not in busy_collections:
                collections += 1
                aliases += len(collection.aliases or ())
            else:
                aliases += sum(
                    Address(registry.name, collection.name, alias) not in places for alias in collection.aliases or ()
                )
    return {"registries": registries, "collections": collections, "aliases": aliases}
