"""Before the first write: is a reviewed plan still true? Its manifests are planned again, and each operation is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from regsync.backends.base import Foreseen, Reader
from regsync.backends.confirming import confirmed, proven
from regsync.core import actions as a
from regsync.core.again import Again, loosened, with_indices
from regsync.core.desired import Consents, Desired
from regsync.core.diff import Comparison
from regsync.core.evidence import Evidence, bound_artifacts, with_evidence
from regsync.core.hazards import Hazard
from regsync.core.live import Live, LiveRegistry, Scope, Unresolved, Version
from regsync.core.moves import Untold
from regsync.core.operation import Operation
from regsync.core.order import put_in_order
from regsync.core.plan import Plan
from regsync.core.proof import ProofError, prove
from regsync.core.scope import restrict, scope_of
from regsync.core.sentences import holder_moved
from regsync.core.shard import part_of
from regsync.core.staleness import SHOWN, Moved, TakenBack, Verdict, check_destination, judge, stale, take_back
from regsync.diagnostics import Diagnostic, RefusedError, RegsyncError, StalePlanError
from regsync.execution.execute import check_applyable
from regsync.manifest.reading.stored import desired_from
from regsync.names import REGISTRY_PREFIX, SourceRef, parse_version_ref
from regsync.slots import NamedTuple, dataclass
from regsync.stages import one_by_one


class Declared(NamedTuple):
    """Manifests that a plan has to agree with, and the consents that were given beside them. They are at hand and trusted; what
    the plan says of both is not looked at then."""

    desired: Desired
    allow: Consents


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A plan that may be carried out: `plan` with the indices that links get now, the ids of what is done, and what is live.

    The digest of `plan` is not that of the reviewed one, because indices are open in it.
    `besides`: what planning again would do that is not in the plan. It is not done.
    """

    plan: Plan
    done: frozenset[str]
    live: Live
    besides: tuple[Operation, ...]


def check_before_first_write(plan: Plan, reader: Reader, declared: Declared | None = None) -> Checked:
    """Everything that can be refused before anything is written.

    `declared`: manifests to plan again from; without them, what the plan holds of its own. Raises `StalePlanError` (an
    operation would not be planned again as it was reviewed), `RefusedError`, `BackendError`; `RegsyncError` for a plan that
    no planner made.
    """
    check_destination(plan.destination, reader.destination())
    check_applyable(plan)
    desired = _desired(plan, declared)
    allow = plan.selection.allow if declared is None else declared.allow
    scope = plan.read.scope if desired is None else scope_of(desired)
    _check_within(plan, scope)
    live = _live(plan, scope, desired, reader)
    try:
        return _checked(plan, desired, live, allow, reader, trusted=declared is not None)
    except (StalePlanError, RefusedError):
        looked_up = confirmed(live, plan.operations, reader)
        if looked_up is live:
            raise
        return _checked(plan, desired, looked_up, allow, reader, trusted=declared is not None)


def _checked(
    plan: Plan, desired: Desired | None, live: Live, allow: Consents, reader: Reader, *, trusted: bool
) -> Checked:
    foreign = plan.reviewed is not None
    loose = replace(plan, operations=loosened(plan.operations, desired))
    taken = take_back(loose.operations, live, plan.destination.user)
    again = (
        _undo_again(loose, taken, live)
        if desired is None
        else _plan_again(loose, desired, taken, live, reader, foreign)
    )
    if len(taken.done) == len(plan.operations):
        besides = () if again.errors else judge(loose, live, taken.done, again, allow).compared.besides
        return Checked(plan=loose, done=taken.done, live=live, besides=besides)
    verdict = judge(loose, live, taken.done, again, allow)
    _refuse(verdict, live, reader, trusted=trusted)
    _prove(loose, verdict.compared.operations, taken.done, live)
    now = replace(loose, operations=with_indices(verdict.compared.operations, taken.made))
    return Checked(plan=now, done=taken.done, live=live, besides=verdict.compared.besides)


def _live(plan: Plan, scope: Scope, desired: Desired | None, reader: Reader) -> Live:
    if desired is None:
        return reader.observe(scope, exactly=True)
    return proven(reader, scope, desired, _foreseen(plan, desired))


def _foreseen(plan: Plan, desired: Desired) -> Foreseen:
    """What planning again will ask: the sources of the plan's links, and versions for which metrics have bounds."""
    links = (each.action for each in plan.operations if isinstance(each.action, a.LinkVersion))
    sources = {ref for ref in (_source_of(action.version) for action in links) if ref is not None}
    return Foreseen(refs=sources, artifact_ids=bound_artifacts(plan.operations, desired))


def _desired(plan: Plan, declared: Declared | None) -> Desired | None:
    """What the manifests declare of what the plan is about; None for the plan of an undo."""
    if declared is None and plan.desired is None:
        return None
    whole = desired_from(plan.desired or {}) if declared is None else declared.desired
    if declared is not None and plan.selection.shard is not None:
        whole = part_of(whole, plan.selection.shard)
    return restrict(whole, plan.selection.targets, plan.selection.excludes)


def _check_within(plan: Plan, scope: Scope) -> None:
    """Raise `StalePlanError` for an operation on something that the manifests are not about: nothing of it was read."""
    for operation in plan.operations:
        registry, collection, _ = operation.action.address
        wanted = scope.get(registry)
        if wanted is None or (collection and wanted.collections is not None and collection not in wanted.collections):
            raise stale(
                [f"{operation.action.address}: the manifests do not ask for {operation.id} ({operation.action.kind})"]
            )


def _undo_again(plan: Plan, taken: TakenBack, live: Live) -> Again:
    """The plan of an undo stands on its receipt; each of its operations says itself what it stands on."""
    nothing = Desired(organization=None, registries={})
    before = Live(dict(taken.before.registries), live.read)
    return Again(desired=nothing, before=before, operations=plan.operations)


def _plan_again(plan: Plan, desired: Desired, taken: TakenBack, live: Live, reader: Reader, foreign: bool) -> Again:
    """`foreign`: another user's plan. This one may not see the names of sources that the planner saw."""
    before = Live(dict(taken.before.registries), live.read)
    if foreign:
        _name_sources(before, plan.operations)
    comparison = Comparison(desired, before)
    refs = comparison.refs_to_resolve()
    resolved: dict[SourceRef, Version | Unresolved] = {ref: v for ref, v in _linked(plan, taken).items() if ref in refs}
    resolved |= _unlinked(plan, taken, refs)
    refs -= resolved.keys()
    resolved |= reader.resolve(refs) if refs else {}
    actor = plan.destination.user
    findings = comparison.findings(
        resolved,
        actor=actor,
        manages_protected=reader.capabilities.manages_protected_aliases,
        begun=plan.begun,
        made=taken.made,
        seen=one_by_one,
    )
    errors = [each for each in findings.diagnostics if each.is_error and not (foreign and _unseen(each, before))]
    operations = put_in_order(findings.drafts, actor)
    bounded = bound_artifacts(operations, desired)
    if bounded:
        details = {str(key): found for key, found in reader.describe(bounded).items()}
        operations = with_evidence(operations, desired, Evidence(details, {}))
    return Again(desired=desired, before=before, operations=operations, emptied=findings.emptied, errors=errors)


def _linked(plan: Plan, taken: TakenBack) -> Mapping[SourceRef, Version]:
    """The versions that the plan has linked already: they need not be found again."""
    found = {}
    for operation in plan.operations:
        action = operation.action
        if isinstance(action, a.LinkVersion) and operation.id in taken.done:
            ref = _source_of(action.version)
            if ref is not None:
                found[ref] = action.version
    return found


def _unlinked(plan: Plan, taken: TakenBack, refs: Iterable[SourceRef]) -> Mapping[SourceRef, Version]:
    """The versions that the plan has unlinked already, by the names of the links that they had: those find nothing any more."""
    gone = {}
    for operation in plan.operations:
        action = operation.action
        if isinstance(action, a.UnlinkVersion) and operation.id in taken.done:
            gone[f"{REGISTRY_PREFIX}{action.registry}", action.collection, f"v{action.index}"] = action.version
    return {ref: gone[ref.parts[1:]] for ref in refs if ref.parts[1:] in gone}


def _source_of(version: Version) -> SourceRef | None:
    """The source version, where the user could see it when the plan was made."""
    try:
        ref = parse_version_ref(version.source)
    except ValueError:
        return None
    return ref if isinstance(ref, SourceRef) and ref.is_pinned else None


def _name_sources(live: Live, operations: Sequence[Operation]) -> None:
    """Give links whose source this key may not see the names that the plan has for them."""
    known: dict[str, str] = {}
    for operation in operations:
        action = operation.action
        if isinstance(action, a.LinkVersion | a.UnlinkVersion | a.SetAlias | a.RemoveAlias):
            versions = [action.version] if not isinstance(action, a.RemoveAlias) else []
            held = action.held_by if isinstance(action, a.SetAlias | a.RemoveAlias) else None
            known |= {each.artifact_id: each.source for each in (*versions, held) if each is not None and each.source}
    for name in list(live.registries):
        live.registries[name] = _named_registry(live.registries[name], known)


def _named_registry(registry: LiveRegistry, known: Mapping[str, str]) -> LiveRegistry:
    hidden = [
        (name, index)
        for name, collection in registry.collections.items()
        for index, version in collection.links.items()
        if not version.source and version.artifact_id in known
    ]
    named = registry.copy() if hidden else registry
    for name, index in hidden:
        collection = named.collections[name] = named.collections[name].copy()
        version = collection.links[index]
        collection.links[index] = version._replace(source=known[version.artifact_id])
    return named


def _unseen(error: Diagnostic, live: Live) -> bool:
    """Whether an error may only say that this key does not see the name of a source that is linked."""
    return error.code == "version-not-found" and any(
        not version.source
        for registry in live.registries.values()
        for collection in registry.collections.values()
        for version in collection.links.values()
    )


def _refuse(verdict: Verdict, live: Live, reader: Reader, *, trusted: bool) -> None:
    """Raise `StalePlanError` or `RefusedError` where the plan is not true any more."""
    open_now = [hazard for hazard in verdict.hazards if not hazard.consented]
    if verdict.moved or verdict.failures or (verdict.hazards and not (trusted and open_now)):
        told = _with_movers(verdict.moved, live, reader)
        raise stale([*told, *verdict.failures, *(_more_hazardous(each) for each in verdict.hazards)])
    if open_now:
        lines = [_more_hazardous(hazard) for hazard in open_now]
        again = " ".join(hazard.consent for hazard in open_now)
        raise RefusedError(
            "the manifests do not consent to what this plan does\n  " + "\n  ".join(lines),
            f"where it was consented to on the command line of the plan, say so again: {again}; or write `consent:` in the manifest",
            code="hazard",
        )


def _more_hazardous(hazard: Hazard) -> str:
    what = "; ".join(hazard.messages) or f"{hazard.count} of it"
    consent = "" if hazard.consented else f", {hazard.open} of it not consented to"
    return f"{hazard.name}: {what}{consent}"


def _with_movers(moved: Sequence[Moved], live: Live, reader: Reader) -> list[str]:
    """The sentences, with the time and the person where an alias was moved and the registry tells by whom."""
    addresses = [
        each.operation.action.address for each in moved[:SHOWN] if holder_moved(each.operation.action, live.registries)
    ]
    told = reader.alias_moves(addresses) if addresses else {}
    told = {} if isinstance(told, Untold) else told
    lines = []
    for each in moved:
        last = next(reversed(told.get(each.operation.action.address, ())), None)
        who = "" if last is None else f" ({last.at}{', by ' + last.by if last.by else ''})"
        lines.append(f"{each.sentence}{who} [{each.operation.id} {each.operation.action.kind}]")
    return lines


def _prove(plan: Plan, operations: Sequence[Operation], done: frozenset[str], live: Live) -> None:
    try:
        prove(operations, live, plan.destination.user, lambda _: True, done, one_by_one)
    except ProofError as error:
        message = (
            f"{error.message}; no planner makes such a plan, so the file was changed, or this is a defect of regsync"
        )
        raise RegsyncError(
            message, "nothing was changed; plan again and review the new plan", code=error.code
        ) from error
