"""Evidence for the reader of a plan: what is known of the versions that aliases leave and come to, and what changed between them.

One batched look-up for the whole plan; none where no alias moves and nothing is linked. What is stored is bounded for each
operation, deterministic, and clean JSON. Nothing is decided from it but whether declared bounds on metrics hold, and
that is decided in `regsync.core.evidence`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from regsync.core.actions import Json, LinkVersion, SetAlias
from regsync.core.desired import Desired, Metric
from regsync.core.evidence import (
    NO_EVIDENCE,
    DeclaredMetrics,
    Evidence,
    bound_artifacts,
    bound_holds,
    declared_metrics,
    number_at,
)
from regsync.core.live import VersionDetails
from regsync.core.operation import Operation
from regsync.diagnostics import Diagnostic, Severity
from regsync.names import ArtifactId
from regsync.planning.metadata import MetadataChange, changes, delta, is_number, leaves, scalar, tidy, tidy_text
from regsync.slots import NamedTuple

MOST_OPERATIONS = 500
"""Evidence is shown for at most this many operations of a plan. Bounds on metrics are checked for all of them."""
MOST_CHANGES = 30
"""Differences of metadata that are kept for one operation."""
MOST_INPUTS = 20
"""Input artifacts that are kept for one version."""
MOST_METRICS = 50
"""Declared metrics that are kept for one operation."""
LONGEST_NAME = 400
"""Characters of a run, a commit or an artifact's name."""

Describe = Callable[[Collection[ArtifactId]], Mapping[ArtifactId, VersionDetails]]


Moves = SetAlias | LinkVersion


class _Moving(NamedTuple):
    """An operation for which there is evidence."""

    id: str
    action: SetAlias | LinkVersion
    protected: bool


def gather(operations: Sequence[Operation], desired: Desired, describe: Describe) -> Evidence:
    """Look up what is known of the versions in a plan. `describe` is called once, or (nothing moves) not at all.

    Raises what `describe` raises.
    """
    moving = _moving(operations)
    if not moving:
        return NO_EVIDENCE
    declared = declared_metrics(desired)
    shown = _shown(moving)
    details = {str(key): found for key, found in describe(wanted(operations, desired)).items()}
    facts = {each.id: _facts(each.action, declared, details) for each in shown}
    return Evidence(details, facts, _cut(len(shown), len(moving)))


def wanted(operations: Sequence[Operation], desired: Desired) -> list[ArtifactId]:
    """The versions that `gather` looks up."""
    ids = dict.fromkeys(key for each in _shown(_moving(operations)) for key in _artifacts(each.action))
    ids |= dict.fromkeys(bound_artifacts(operations, desired))
    return list(ids)


def _moving(operations: Sequence[Operation]) -> list[_Moving]:
    return [_Moving(each.id, each.action, each.protected) for each in operations if isinstance(each.action, Moves)]


def _shown(moving: Sequence[_Moving]) -> list[_Moving]:
    return sorted(moving, key=_importance)[:MOST_OPERATIONS]


def _importance(moving: _Moving) -> int:
    """Protected aliases first, then moves, then aliases that are set for the first time, then links."""
    if isinstance(moving.action, LinkVersion):
        return 3
    moves = moving.action.held_by is not None
    return 0 if moving.protected and moves else 1 if moves else 2


def _artifacts(action: SetAlias | LinkVersion) -> list[ArtifactId]:
    versions = [action.version]
    if isinstance(action, SetAlias) and action.held_by is not None:
        versions.insert(0, action.held_by)
    return [ArtifactId(version.artifact_id) for version in versions]


def _cut(shown: int, total: int) -> tuple[Diagnostic, ...]:
    if shown == total:
        return ()
    message = f"what changes between versions was looked up for {shown} of {total} alias changes and links"
    hint = "moves of protected aliases came first; plan a part with --target to see the evidence for it"
    return (Diagnostic("evidence-limit", message, None, hint, Severity.WARNING),)


def _facts(action: SetAlias | LinkVersion, declared: DeclaredMetrics, details: Mapping[str, VersionDetails]) -> Json:
    before = action.held_by if isinstance(action, SetAlias) else None
    old = None if before is None else details.get(before.artifact_id)
    new = details.get(action.version.artifact_id)
    metrics = declared.get((action.registry, action.collection), {})
    differences = _metadata_changes(old, new) if before is not None else _all_of(new)
    found = [difference for difference in differences if difference.path not in metrics]
    return {
        "old": None if old is None else version_facts(old),
        "new": None if new is None else version_facts(new),
        "metrics": [_metric(name, metrics[name], old, new) for name in sorted(metrics)[:MOST_METRICS]],
        "changes": [_change(change) for change in found[:MOST_CHANGES]],
        "changes_left_out": max(0, len(found) - MOST_CHANGES),
    }


def version_facts(details: VersionDetails) -> Json:
    """What the document says of one version; null for what is not known."""
    inputs = None if details.inputs is None else sorted(details.inputs)
    return {
        "metadata_known": details.metadata is not None,
        "size": details.size,
        "created_at": _name(details.created_at),
        "run": _name(details.run),
        "commit": _name(details.commit),
        "ttl_days": details.ttl_days,
        "inputs": None if inputs is None else [tidy_text(name, LONGEST_NAME) for name in inputs[:MOST_INPUTS]],
        "inputs_left_out": max(0, len(inputs or ()) - MOST_INPUTS),
    }


def _name(text: str | None) -> str | None:
    return None if text is None else tidy_text(text, LONGEST_NAME)


def _metadata_changes(old: VersionDetails | None, new: VersionDetails | None) -> list[MetadataChange]:
    if old is None or new is None or old.metadata is None or new.metadata is None:
        return []
    return changes(tidy(old.metadata), tidy(new.metadata))


def _all_of(new: VersionDetails | None) -> list[MetadataChange]:
    if new is None or not new.metadata:
        return []
    return [MetadataChange(path, "added", None, value) for path, value in leaves(tidy(new.metadata))]


def _change(change: MetadataChange) -> Json:
    difference, percent = _delta(change.old, change.new)
    return {
        "path": tidy_text(change.path, LONGEST_NAME),
        "change": change.change,
        "old": change.old,
        "new": change.new,
        "delta": difference,
        "percent": percent,
    }


def _delta(old: Any, new: Any) -> tuple[Any, float | None]:
    return delta(old, new) if is_number(old) and is_number(new) else (None, None)


def _metric(name: str, metric: Metric, old: VersionDetails | None, new: VersionDetails | None) -> Json:
    before = number_at(old.metadata, name) if old else None
    after = number_at(new.metadata, name) if new else None
    difference, percent = _delta(scalar(before), scalar(after))
    return {
        "name": tidy_text(name, LONGEST_NAME),
        "better": "higher" if metric.higher_is_better else "lower",
        "bound": scalar(metric.bound),
        "bound_broken": not bound_holds(metric, after),
        "old": scalar(before),
        "new": scalar(after),
        "delta": difference,
        "percent": percent,
        "verdict": _verdict(metric, before, after),
    }


def _verdict(metric: Metric, old: float | None, new: float | None) -> str:
    if old is None or new is None:
        return "unknown"
    if old == new:
        return "same"
    return "better" if (new > old) is metric.higher_is_better else "worse"
