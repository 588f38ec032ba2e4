"""Making a plan: read what the manifests are about, look up the versions they name, and hand it all to the pure core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from regsync.backends.base import BackendError, Foreseen, Reader
from regsync.backends.confirming import confirmed, proven
from regsync.core.desired import Desired
from regsync.core.diff import Comparison
from regsync.core.evidence import NO_EVIDENCE, Evidence
from regsync.core.fingerprint import scope_fingerprints
from regsync.core.later import Later
from regsync.core.live import Destination, LinkKey, Live, Scope
from regsync.core.operation import Operation
from regsync.core.plan import EVERYTHING, ManifestInfo, Plan, Selection
from regsync.core.planner import Compared, Inputs, compare, make_plan
from regsync.core.scope import declares, needed_by, removes_unlisted, restrict, scope_of
from regsync.diagnostics import Diagnostic, DiagnosticsError, Position, did_you_mean
from regsync.planning.commit import git_commit
from regsync.planning.formerly import no_longer_managed
from regsync.planning.look_alikes import look_alikes
from regsync.slots import dataclass
from regsync.stages import one_by_one, stage

if TYPE_CHECKING:
    from regsync.manifest.reading.load import Loaded
    from regsync.planning.by_hand import Receipts

# What only operations and consents need is loaded where there are some: most plans are made to see that there is nothing to do.

Told = Callable[[], "Receipts | None"]
"""What receipts tell, when it is asked for."""
_ROUNDS = 4
"""Readings after which a registry that shows something else each time is taken for one that changes."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the live state that it was made from."""

    plan: Plan
    live: Live
    desired: Desired


def plan_manifests(
    loaded: Loaded,
    reader: Reader,
    selection: Selection = EVERYTHING,
    begun: frozenset[LinkKey] = frozenset(),
    receipts: Callable[[Destination], Receipts | None] | None = None,
) -> Planned:
    """Read what is live and plan the difference. Never writes: a `Reader` cannot.

    `begun`: the links that an interrupted run of these manifests has made, for an apply that finishes it.
    `receipts`: what receipts tell of a destination; with it, the plan says what was moved outside of Git since (one request
    more at most). The plan is the same, byte for byte, for the same manifests, options, live state, receipts and records.
    Raises `DiagnosticsError` (with every error at once) and `BackendError`.
    """
    _check_selection(loaded.desired, selection)
    if selection.shard is None:
        return _planned(loaded, reader, selection, begun, receipts)
    from regsync.core.shard import judged_as_a_whole, part_of

    whole = _planned(loaded, reader, selection._replace(shard=None), begun, None)
    part = replace(loaded, desired=part_of(loaded.desired, selection.shard))
    cut = restrict(part.desired, selection.targets, selection.excludes)
    live = Live(
        {name: whole.live.registries[name] for name in scope_of(cut) if name in whole.live.registries}, whole.live.read
    )
    planned = _planned(part, reader, selection, begun, receipts, live)
    return replace(planned, plan=judged_as_a_whole(planned.plan, whole.plan))


def _planned(
    loaded: Loaded,
    reader: Reader,
    selection: Selection,
    begun: frozenset[LinkKey],
    receipts: Callable[[Destination], Receipts | None] | None,
    known: Live | None = None,
) -> Planned:
    """`known`: what is live of it, where that has been read."""
    desired = restrict(loaded.desired, selection.targets, selection.excludes)
    if selection.shard is None and loaded.desired.registries and not desired.registries:
        raise DiagnosticsError(
            [
                Diagnostic(
                    "selection-empty",
                    "--target and --exclude leave nothing of these manifests",
                    Position("--target/--exclude"),
                    "leave one of them out",
                )
            ]
        )
    scope = scope_of(desired)
    destination = reader.destination()
    live = proven(reader, scope, desired) if known is None else known
    inputs = Inputs(
        desired=desired,
        live=live,
        scope=scope,
        resolved={},
        destination=destination,
        manifest=ManifestInfo(
            loaded.digest, tuple((file.path, file.sha256) for file in loaded.files), git_commit(loaded)
        ),
        fingerprints=_fingerprints(live, scope),
        manages_protected=reader.capabilities.manages_protected_aliases,
        selection=selection,
        warnings=tuple(loaded.warnings),
        declared=Later(partial(_declared, loaded.desired, selection, desired)),
        begun=begun,
    )
    told = _once(receipts, destination)
    inputs, compared = _compared(
        inputs, reader, lambda operations, live: _foreseen(operations, desired, live, told if receipts else None)
    )
    live = inputs.live
    alike = look_alikes(compared.operations, live, desired, reader)
    unknown = _strangers(compared.operations, reader)
    if any(each.is_error for each in unknown):
        raise DiagnosticsError([*inputs.warnings, *compared.warnings, *alike, *unknown])
    compared = replace(compared, warnings=(*compared.warnings, *alike, *unknown))
    evidence = _evidence(compared.operations, desired, reader)
    with stage("planning"):
        plan = _with_dates(make_plan(inputs, compared, evidence, one_by_one))
    if receipts is not None and plan.operations:
        plan = _with_moves(plan, live, told(), reader)
    if selection.is_whole:
        before = told()
        last = before.agreed if before is not None else None
        plan = replace(plan, no_longer_managed=no_longer_managed(loaded, reader, plan.operations, last))
    return Planned(plan, live, desired)


def _declared(whole: Desired, selection: Selection, desired: Desired) -> dict[str, Any]:
    """What is desired, as a manifest."""
    from regsync.manifest.writing.render import to_manifest

    return to_manifest(needed_by(whole, selection.targets, desired))


def _once(receipts: Callable[[Destination], Receipts | None] | None, destination: Destination) -> Told:
    """What receipts tell, looked for at the first question."""
    return cache(lambda: receipts(destination) if receipts is not None else None)


def _foreseen(operations: Sequence[Operation], desired: Desired, live: Live, told: Told | None) -> Foreseen:
    """What is asked about these operations, once it is certain that they are what has to be done."""
    from regsync.planning.by_hand import NO_RECEIPTS, asked
    from regsync.planning.evidence import wanted

    addresses = [] if told is None else asked(operations, live, told() or NO_RECEIPTS)
    return Foreseen(artifact_ids=wanted(operations, desired), addresses=addresses)


def _evidence(operations: Sequence[Operation], desired: Desired, reader: Reader) -> Evidence:
    """What is known of the versions that operations bind and link."""
    if not operations:
        return NO_EVIDENCE
    from regsync.planning.evidence import gather

    return gather(operations, desired, reader.describe)


def _strangers(operations: Sequence[Operation], reader: Reader) -> tuple[Diagnostic, ...]:
    """What is wrong with new members."""
    if not operations:
        return ()
    from regsync.planning.strangers import strangers

    return strangers(operations, reader)


def _with_dates(plan: Plan) -> Plan:
    """The plan with what Git tells of its consents."""
    if not plan.consents:
        return plan
    from regsync.planning.standing import with_dates

    return with_dates(plan)


def _with_moves(plan: Plan, live: Live, receipts: Receipts | None, reader: Reader) -> Plan:
    """The plan with the moves outside of Git that its operations meet."""
    from regsync.planning.by_hand import NO_RECEIPTS, moved_by_hand, noted

    found = moved_by_hand(plan.operations, live, receipts or NO_RECEIPTS, reader)
    operations = tuple(noted(operation, found.get(operation.id)) for operation in plan.operations)
    return replace(plan, operations=operations, moved_by_hand=tuple(found.values()))


def _compared(
    inputs: Inputs, reader: Reader, foreseen: Callable[[Sequence[Operation], Live], Foreseen]
) -> tuple[Inputs, Compared]:
    """Compare, and compare again where look-ups show something else than a search did. `foreseen`: what is asked about operations
    afterwards."""
    looked_up = not reader.capabilities.searches
    for _ in range(_ROUNDS):
        comparison = Comparison(inputs.desired, inputs.live)
        refs = comparison.refs_to_resolve()
        known = {ref: found for ref, found in inputs.resolved.items() if ref in refs}
        unknown = refs - known.keys()
        inputs = replace(inputs, resolved={**known, **(reader.resolve(unknown) if unknown else {})})
        try:
            compared = compare(inputs, comparison, one_by_one)
        except DiagnosticsError:
            if looked_up:
                raise
            looked_up, live = True, reader.observe(inputs.scope, exactly=True)
            if live.registries == inputs.live.registries:
                raise
        else:
            ahead = partial(foreseen, compared.operations, inputs.live)
            live = confirmed(inputs.live, compared.operations, reader, strictly=True, foreseen=ahead)
            if live is inputs.live:
                return inputs, compared
        inputs = replace(inputs, live=live, fingerprints=_fingerprints(live, inputs.scope))
    raise BackendError("the registry changed while it was read", "run this again", code="changed-while-read")


def _fingerprints(live: Live, scope: Scope) -> Later[str, str]:
    return Later(lambda: scope_fingerprints(live.registries, scope))


def declared_addresses(desired: Desired) -> list[str]:
    """All that is declared, as addresses."""
    found: list[str] = []
    for registry in desired.registries.values():
        found.append(registry.name)
        for collection in (registry.collections or {}).values():
            place = f"{registry.name}/{collection.name}"
            found += (place, *(f"{place}:{alias}" for alias in collection.aliases or {}))
    return found


def _check_selection(desired: Desired, selection: Selection) -> None:
    """A target that names nothing declared is a typing error, and would otherwise make an empty plan."""
    unknown = [address for address in selection.targets if not declares(desired, address)]
    unknown += [
        address
        for address in selection.excludes
        if not declares(desired, address) and not removes_unlisted(desired, address)
    ]
    if unknown:
        known = declared_addresses(desired)
        raise DiagnosticsError(
            [
                Diagnostic(
                    "target-unknown",
                    f"{address} is not declared in these manifests",
                    Position("--target/--exclude"),
                    did_you_mean(str(address), known)
                    or "write registry, registry/collection or registry/collection:alias as declared",
                )
                for address in unknown
            ]
        )
