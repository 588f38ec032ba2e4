"""The planner: from what is declared and what is live to a proven Plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from regsync.core.desired import Desired, HazardName
from regsync.core.diff import Comparison, Emptied, Findings, ManualStep
from regsync.core.evidence import NO_EVIDENCE, Evidence, with_evidence
from regsync.core.later import Later
from regsync.core.live import Destination, LinkKey, Live, Scope, Unresolved, Version
from regsync.core.operation import Operation
from regsync.core.order import number_off, put_in_order
from regsync.core.owned import owned_by, unchanged
from regsync.core.plan import EVERYTHING, ManifestInfo, Plan, ReadInfo, Selection
from regsync.core.proof import Proof, prove
from regsync.core.seen import Seen, unseen
from regsync.diagnostics import Diagnostic, DiagnosticsError, Position
from regsync.names import SourceRef
from regsync.slots import dataclass

if TYPE_CHECKING:
    from regsync.core.hazards import Assessment
    from regsync.core.undo import Irrevocable, Undo


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
    declared: Mapping[str, Any] | None = None
    """`desired`, and what a selection was cut from, as a manifest."""
    begun: frozenset[LinkKey] = frozenset()
    """Links that an interrupted run of the same manifests has made; a run that finishes it goes on from there."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What has to be done, in order, and nothing judged yet."""

    operations: tuple[Operation, ...]
    findings: Findings
    warnings: tuple[Diagnostic, ...]


def compare(inputs: Inputs, comparison: Comparison, seen: Seen = unseen) -> Compared:
    """Compare and order. `comparison` is the one of the same desired and live state.

    Raises `DiagnosticsError` where the desired state cannot be reached, with every reason.
    """
    actor = inputs.destination.user
    findings = comparison.findings(
        inputs.resolved, actor=actor, manages_protected=inputs.manages_protected, begun=inputs.begun, seen=seen
    )
    diagnostics = [*inputs.warnings, *findings.diagnostics]
    if any(diagnostic.is_error for diagnostic in diagnostics):
        raise DiagnosticsError(diagnostics)
    return Compared(put_in_order(findings.drafts, actor), findings, tuple(diagnostics))


def make_plan(inputs: Inputs, compared: Compared, evidence: Evidence = NO_EVIDENCE, seen: Seen = unseen) -> Plan:
    """Judge and prove what `compare` found for the same inputs. Raises `ProofError` only where regsync has a defect."""
    actor = inputs.destination.user
    operations = with_evidence(compared.operations, inputs.desired, evidence)

    def nothing_left(final: Live) -> bool:
        again = Comparison(inputs.desired, final).findings(
            inputs.resolved, actor=actor, manages_protected=inputs.manages_protected, seen=seen
        )
        return not again.drafts and not any(d.is_error for d in again.diagnostics)

    proof, final = prove(operations, inputs.live, actor, nothing_left, seen=seen)
    undo, irrevocable = _taken_back(operations, final, actor, seen)
    assessed = _assessed(operations, compared.findings.emptied, inputs)
    return _assembled(
        inputs,
        operations,
        assessed,
        proof=proof,
        manual=tuple(compared.findings.manual),
        warnings=(
            *compared.warnings,
            *_unused(assessed, inputs.selection),
            *evidence.warnings,
        ),
        undo=undo,
        irrevocable=irrevocable,
    )


def make_undo_plan(
    inputs: Inputs, undo: Undo, receipt_digest: str, evidence: Evidence = NO_EVIDENCE, seen: Seen = unseen
) -> Plan:
    """The plan that takes a receipt back, from what `undo_of` found against the live state in `inputs`.

    `evidence` is about its operations as `number_off` makes them.
    """
    actor = inputs.destination.user
    operations = with_evidence(number_off(undo.drafts), inputs.desired, evidence)
    assessed = _assessed(operations, (), inputs)
    if assessed is not None:
        hazards = tuple(hazard for hazard in assessed.hazards if hazard.name is not HazardName.EMPTY_DESIRED)
        assessed = assessed._replace(hazards=hazards, missing=())
    proof, final = prove(operations, inputs.live, actor, lambda _: True, seen=seen)
    return _assembled(
        inputs,
        operations,
        assessed,
        proof=proof,
        warnings=inputs.warnings + evidence.warnings,
        undo=_taken_back(operations, final, actor, seen)[0],
        irrevocable=undo.irrevocable,
        undoes=receipt_digest,
    )


def _taken_back(
    operations: tuple[Operation, ...], final: Live, actor: str, seen: Seen
) -> tuple[tuple[Operation, ...], tuple[Irrevocable, ...]]:
    """The operations that would take these back, and what none would: found out where there are some."""
    if not operations:
        return (), ()
    from regsync.core.undo import undo_of

    undo = undo_of(operations, final, actor, seen)
    return number_off(undo.drafts), undo.irrevocable


def _assessed(operations: tuple[Operation, ...], emptied: Iterable[Emptied], inputs: Inputs) -> Assessment | None:
    """The hazards of a plan; None where there is nothing to judge, and no consent either.

    Where the manifests declare nothing, consent would stand in the first of them.
    """
    if not operations and inputs.desired.registries and not inputs.selection.allow and not _consents(inputs.desired):
        return None
    from regsync.core.hazards import assess

    files = inputs.manifest.files
    first = Position(files[0][0], 1, 1) if files else Position("manifest")
    return assess(operations, emptied, inputs.desired, inputs.live, inputs.selection.allow, first)


def _consents(desired: Desired) -> bool:
    """Whether the manifests consent to anything."""
    registries = desired.registries.values()
    collections = (each for registry in registries for each in (registry.collections or {}).values())
    return (
        bool(desired.consent) or any(each.consent for each in registries) or any(each.consent for each in collections)
    )


def _unused(assessed: Assessment | None, selection: Selection) -> list[Diagnostic]:
    """A warning for each consent that nothing needs."""
    if assessed is None or not selection.is_whole:
        return []
    from regsync.core.consent import unused

    return unused(assessed.consents)


def _assembled(
    inputs: Inputs,
    operations: tuple[Operation, ...],
    assessed: Assessment | None,
    *,
    proof: Proof,
    undo: tuple[Operation, ...],
    irrevocable: tuple[Irrevocable, ...],
    warnings: tuple[Diagnostic, ...],
    manual: tuple[ManualStep, ...] = (),
    undoes: str | None = None,
) -> Plan:
    read = inputs.live.read
    return Plan(
        destination=inputs.destination,
        manifest=inputs.manifest,
        read=ReadInfo(inputs.scope, read.complete, read.pages, read.items, inputs.fingerprints),
        selection=inputs.selection,
        operations=operations,
        hazards=assessed.hazards if assessed else (),
        manual=manual,
        warnings=warnings,
        owned=Later(partial(owned_by, inputs.desired)),
        consents=assessed.consents if assessed else (),
        missing_consents=assessed.missing if assessed else (),
        unchanged=unchanged(inputs.desired, operations),
        undo=undo,
        irrevocable=irrevocable,
        proof=proof,
        desired=inputs.declared,
        undoes=undoes,
        begun=inputs.begun,
    )
