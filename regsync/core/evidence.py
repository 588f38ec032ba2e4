"""Evidence: what was looked up about the versions of a plan, and what of it the plan is judged by. Pure.

The looking up is done by `regsync.planning.evidence`, between the comparison and the judgement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from regsync.core import actions as a
from regsync.core.actions import Json
from regsync.core.desired import Desired, HazardName, Metric
from regsync.core.live import VersionDetails
from regsync.core.operation import Hit, Operation
from regsync.diagnostics import Diagnostic
from regsync.names import ArtifactId
from regsync.slots import NamedTuple


class Evidence(NamedTuple):
    """`details` by artifact id, of the versions that the key may see; `facts` by operation id, ready for the document."""

    details: Mapping[str, VersionDetails]
    facts: Mapping[str, Json]
    warnings: tuple[Diagnostic, ...] = ()


NO_EVIDENCE: Final = Evidence({}, {})
"""Nothing was looked up. A bound on a metric counts as broken then: nobody knows that it holds."""


DeclaredMetrics = Mapping[tuple[str, str], Mapping[str, Metric]]
"""By registry and collection; only collections that declare some."""


_LARGEST = 1.7976931348623157e308
"""The largest finite number of double precision; NaN is not within it either."""


def declared_metrics(desired: Desired) -> DeclaredMetrics:
    """The metrics of interest of every collection that names some."""
    return {
        (registry.name, collection.name): collection.metrics
        for registry in desired.registries.values()
        for collection in (registry.collections or {}).values()
        if collection.metrics
    }


def with_evidence(operations: Iterable[Operation], desired: Desired, evidence: Evidence) -> tuple[Operation, ...]:
    """The same operations with their facts, the hits of broken bounds, and the side effects that only the facts tell."""
    declared = declared_metrics(desired)
    if not declared and not evidence.facts:
        return tuple(operations)
    return tuple(_with_evidence(operation, declared, evidence) for operation in operations)


def _with_evidence(operation: Operation, declared: DeclaredMetrics, evidence: Evidence) -> Operation:
    action = operation.action
    facts = evidence.facts.get(operation.id)
    match action:
        case a.SetAlias():
            metrics = declared.get((action.registry, action.collection), {})
            hits = tuple(_broken(action, metrics, evidence.details.get(action.version.artifact_id)))
            notes: tuple[str, ...] = ()
        case a.LinkVersion():
            details = evidence.details.get(action.version.artifact_id)
            hits = ()
            notes = (ttl_note(details.ttl_days),) if details is not None and details.ttl_days else ()
        case _:
            return operation
    if facts is None and not hits and not notes:
        return operation
    return replace(operation, hits=operation.hits + hits, notes=operation.notes + notes, evidence=facts)


def bound_artifacts(operations: Iterable[Operation], desired: Desired) -> list[ArtifactId]:
    """The versions that aliases are set to where a declared metric has a bound: the bounds must be looked up for all of them."""
    declared = declared_metrics(desired)
    return [
        ArtifactId(action.version.artifact_id)
        for action in (each.action for each in operations)
        if isinstance(action, a.SetAlias)
        and any(metric.bound is not None for metric in declared.get((action.registry, action.collection), {}).values())
    ]


def ttl_note(days: int) -> str:
    """What a link does to a source that was to be deleted (Registry documentation, on TTL: linking turns it off)."""
    return f"The source was to be deleted after {days} day{'s' if days != 1 else ''}; linking turns that off, for good."


def _broken(action: a.SetAlias, metrics: Mapping[str, Metric], details: VersionDetails | None) -> Iterable[Hit]:
    version = action.version.source or action.version.digest
    for name, metric in sorted(metrics.items()):
        if metric.bound is None:
            continue
        value = number_at(details.metadata, name) if details else None
        if bound_holds(metric, value):
            continue
        side = "at least" if metric.higher_is_better else "at most"
        found = f"is {value:g}" if value is not None else "is not known"
        message = f"{name} of {version} {found}; {action.address} asks for {side} {metric.bound:g}"
        yield Hit(HazardName.METRIC_BOUND, message)


def bound_holds(metric: Metric, value: float | None) -> bool:
    """Whether the value keeps the metric's bound. What is not known does not keep it."""
    if metric.bound is None:
        return True
    if value is None:
        return False
    return value >= metric.bound if metric.higher_is_better else value <= metric.bound


def number_at(metadata: Mapping[str, Any] | None, name: str) -> float | None:
    """The finite number that metadata holds under `name`: under that very key, or along its dots. Otherwise None.

    >>> number_at({"eval": {"accuracy": 0.9}}, "eval.accuracy")
    0.9
    """
    if metadata is None:
        return None
    found: Any = metadata.get(name)
    if found is None:
        found = metadata
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not -_LARGEST <= found <= _LARGEST:
        return None
    return found
