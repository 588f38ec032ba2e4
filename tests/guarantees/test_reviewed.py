"""The law of guarantee 2, in small worlds: a plan, then one change by somebody else, then the apply.

It is refused if and only if planning the same manifest again would not give each operation as it was reviewed, those left out
whose result is there. Here that is found out the long way: by the real planner, from the state as it is after the change, with
nothing taken back; and by the witness, which says whose result is there and whether what is left can be done at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from regsync.core import actions as a
from regsync.core.desired import HazardName
from regsync.core.operation import Operation
from regsync.core.plan import Plan
from regsync.core.plan_document import operation_json
from regsync.diagnostics import DiagnosticsError, StalePlanError
from regsync.execution.again import Checked, Declared, check_before_first_write
from regsync.manifest.reading.load import Loaded
from regsync.planning.making import plan_manifests
from tests.budget import spend
from tests.guarantees.families import FAMILIES
from tests.guarantees.smallworlds import EVERY_HAZARD, Shown, SmallWorld, read
from tests.guarantees.witness import NOTHING, Library, RegistryRefusalError, Shelf, State, after
from tests.laws import oracle

Json = dict[str, Any]
ALIASES = ("production", "staging", "new")
PLANS = 60
"""In `make test`, about so many pairs of a manifest and a live state; `make torture` tries one in `PAIRS_OF_TORTURE`."""
PAIRS_OF_TORTURE = 5


def changes(state: State, versions: Sequence[str]) -> Iterator[State]:
    """Everything that somebody may do in one step: an alias set, moved or removed, a version linked or unlinked, a collection
    or the registry deleted or renamed, a protection put on or off, a description changed."""
    if not state.there:
        yield State(True, None, frozenset())
        return
    yield NOTHING
    yield state._replace(description="by a person")
    yield state._replace(protected=state.protected ^ {"production"})
    shelves = dict(state.shelves)
    for name, shelf in state.shelves:
        rest = {key: each for key, each in shelves.items() if key != name}
        yield state._replace(shelves=tuple(sorted(rest.items())))
        for other in {"c", "d"} - shelves.keys():
            yield state._replace(shelves=tuple(sorted({**rest, other: shelf}.items())))
        for changed in _shelf_changes(shelf, versions):
            yield state._replace(shelves=tuple(sorted({**rest, name: changed}.items())))


def _shelf_changes(shelf: Shelf, versions: Sequence[str]) -> Iterator[Shelf]:
    aliases = dict(shelf.aliases)
    linked = {artifact for _, artifact in shelf.links}
    for alias in ALIASES:
        for index, _ in shelf.links:
            if aliases.get(alias) != index:
                yield shelf._replace(aliases=tuple(sorted({**aliases, alias: index}.items())))
        if alias in aliases:
            yield shelf._replace(aliases=tuple(each for each in shelf.aliases if each[0] != alias))
    for artifact in versions:
        if artifact not in linked and artifact.startswith(shelf.type):
            yield shelf._replace(links=(*shelf.links, (shelf.next, artifact)), next=shelf.next + 1)
    for index, artifact in shelf.links:
        kept = tuple(link for link in shelf.links if link[1] != artifact)
        yield shelf._replace(links=kept, aliases=tuple(each for each in shelf.aliases if each[1] != index))


def is_there(state: State, action: a.Action) -> bool:
    """Whether the result of an action is there, by the witness alone."""
    shelves = dict(state.shelves) if state.there and state.name == action.registry else {}
    here = state.there and state.name == action.registry
    match action:
        case a.CreateRegistry():
            types = None if action.artifact_types is None else frozenset(action.artifact_types)
            return here and (state.description, state.types) == (action.description, types)
        case a.RenameRegistry():
            return here
        case a.DeleteRegistry():
            return not here
        case a.DeleteCollection():
            return not state.there or (here and action.collection not in shelves)
        case _ if not here:
            return False
        case a.UpdateRegistry():
            return state.description == action.new_description
        case a.AllowArtifactTypes():
            return state.types is not None and state.types >= set(action.added)
        case a.ProtectAlias():
            return action.alias in state.protected
        case a.UnprotectAlias():
            return action.alias not in state.protected
    assert isinstance(action, a.CollectionAction | a.ContentAction), action.kind
    shelf = shelves.get(action.collection)
    if shelf is None:
        return False
    at = {artifact: index for index, artifact in shelf.links}
    match action:
        case a.CreateCollection():
            return shelf.type == action.type
        case a.RenameCollection():
            return action.previous not in shelves
        case a.LinkVersion():
            return action.version.artifact_id in at
        case a.UnlinkVersion():
            return action.version.artifact_id not in at
        case a.SetAlias():
            index = at.get(action.version.artifact_id)
            return index is not None and dict(shelf.aliases).get(action.alias) == index
        case a.RemoveAlias():
            return action.alias not in dict(shelf.aliases)
    raise AssertionError(action.kind)


def as_reviewed(operation: Operation, *, hazards: bool) -> Json:
    """What of an operation was reviewed: all but the indices that links get."""
    data = operation_json(operation)
    kept = {key: data[key] for key in ("kind", "address", "before", "after", *(["hazards"] if hazards else []))}
    if operation.action.kind in ("link-version", "set-alias"):
        for side in ("before", "after"):
            kept[side] = kept[side] and {key: value for key, value in kept[side].items() if key != "index"}
    return kept


@dataclass(slots=True)
class Law:
    """One family of worlds; `cases` counts plan × change, `refused` and `kept` what became of them."""

    world: SmallWorld
    cases: int = 0
    refused: int = 0
    kept: int = 0
    besides: int = 0
    _shown: Shown = field(init=False)
    _library: Library = field(init=False)
    _kinds: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._shown = Shown(self.world.versions)
        self._library = Library(self.world.versions, oracle.ACTOR)
        self._kinds = {name: version.type for name, version in self.world.versions.items()}

    def pairs(self, one_in: int) -> list[tuple[Json, State]]:
        """One in so many pairs of a manifest and a live state, with other states for each manifest."""
        manifests = enumerate(self.world.manifests)
        return [
            (manifest, state)
            for number, manifest in manifests
            for state in self.world.states[number % one_in :: one_in]
        ]

    def meet(self, manifest: Json, state: State) -> None:
        """The plan of a pair meets every change that one person can make."""
        loaded = read(manifest)
        plan = self._plan(loaded, state)
        if plan is not None and plan.operations:
            for changed in changes(state, list(self.world.versions)):
                self._check(loaded, plan, state, changed)

    def _plan(self, loaded: Loaded, state: State) -> Plan | None:
        self._shown.live = self._library.live(state)
        try:
            return plan_manifests(loaded, self._shown, EVERY_HAZARD).plan
        except DiagnosticsError:
            return None

    def _check(self, loaded: Loaded, plan: Plan, before: State, now: State) -> None:
        self.cases += 1
        again = self._plan(loaded, now)
        self._shown.live = self._library.live(now)
        refusal: str | None = None
        checked: Checked | None = None
        try:
            checked = check_before_first_write(plan, self._shown, Declared(loaded.desired, EVERY_HAZARD.allow))
        except StalePlanError as error:
            refusal = error.message
        where = (before, now, [(op.id, op.action.kind, str(op.action.address)) for op in plan.operations], refusal)
        left = [operation for operation in plan.operations if not is_there(now, operation.action)]
        if checked is not None:
            self.kept += 1
            assert {op.id for op in plan.operations} - checked.done == {op.id for op in left}, where
            self._carry_out(checked, now)
            if again is not None:
                self._check_besides(plan, checked, again)
        else:
            self.refused += 1
        self._judge(plan, again, left, now, refusal, where)

    def _judge(
        self, plan: Plan, again: Plan | None, left: list[Operation], now: State, refusal: str | None, where: Any
    ) -> None:
        if not left:
            assert refusal is None, where
            return
        if again is None:
            assert refusal is not None, where
            return
        kept = {
            hazards: all(
                as_reviewed(operation, hazards=hazards)
                in [as_reviewed(each, hazards=hazards) for each in again.operations]
                for operation in left
            )
            for hazards in (True, False)
        }
        partly = len(left) < len(plan.operations)
        if not kept[False]:
            assert refusal is not None, where
        elif kept[True] and self._possible(left, now):
            assert refusal is None or "mass-change" in refusal or partly, where
            if refusal is not None and "mass-change" in refusal:
                assert any(hazard.name is HazardName.MASS_CHANGE for hazard in again.hazards), where
        elif not partly:
            assert refusal is not None, where

    def _possible(self, left: list[Operation], now: State) -> bool:
        """Whether what is left can be done as it stands, with no alias that is lost on the way."""
        state = now
        for operation in left:
            aliases = state.bindings({})
            try:
                state = after(state, operation.action, self._kinds)
            except RegistryRefusalError:
                return False
            if isinstance(operation.action, a.UnlinkVersion) and aliases != state.bindings({}):
                return False
        return True

    def _carry_out(self, checked: Checked, now: State) -> None:
        state = now
        for operation in checked.plan.operations:
            if operation.id not in checked.done:
                state = after(state, operation.action, self._kinds)
                assert is_there(state, operation.action)

    def _check_besides(self, plan: Plan, checked: Checked, again: Plan) -> None:
        """What is named besides is what planning again gives that the plan does not have."""
        planned = {(op.action.kind, op.action.address) for op in plan.operations}
        more = {(op.action.kind, op.action.address) for op in again.operations} - planned
        named = {(op.action.kind, op.action.address) for op in checked.besides}
        if not checked.done:
            assert named - planned == more
        self.besides += bool(named)


@pytest.mark.parametrize("family", FAMILIES)
def test_refused_if_and_only_if_it_would_not_be_planned_again(family: str) -> None:
    law = Law(FAMILIES[family]())
    for manifest, state in law.pairs(len(law.world.manifests) * len(law.world.states) // PLANS):
        law.meet(manifest, state)
    assert law.refused and law.kept, "a law about nothing"
    print(f"the law of staleness: changes in {family}", law.cases)


@pytest.mark.parametrize("family", [pytest.param(name, marks=pytest.mark.torture(seconds=200)) for name in FAMILIES])
def test_the_same_with_many_more_pairs(family: str) -> None:
    law = Law(FAMILIES[family]())
    for manifest, state in spend(law.pairs(PAIRS_OF_TORTURE), f"the law of staleness: pairs of {family}"):
        law.meet(manifest, state)
