"""Small worlds, whole: every live state and every manifest of a family, and the campaign that tries all pairs.

For each pair: plan; walk the plan with the witness and check every state on the way; put a crash after every operation and
show that the same saved plan goes on from there, and that a new plan from there ends in the same place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeGuard

import yaml

from regsync.backends.base import NOTHING_FORESEEN, Capabilities, Foreseen
from regsync.core import actions as a
from regsync.core.desired import HazardName
from regsync.core.live import Destination, Live, Scope, Unresolved, Version, VersionDetails
from regsync.core.moves import Untold
from regsync.core.operation import Operation
from regsync.core.plan import Plan, Selection
from regsync.core.staleness import take_back
from regsync.diagnostics import DiagnosticsError
from regsync.execution.again import Declared, check_before_first_write
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.load import Loaded, load_sources
from regsync.names import Address, ArtifactId, SourceRef
from regsync.planning.making import plan_manifests
from tests.guarantees.witness import NOTHING, Library, Shelf, State, after
from tests.laws import oracle

Json = dict[str, Any]
REGISTRY = "model"
CRASHES = 5
"""One crash in so many is gone on from where not everything is tried; at the others, only what is done is looked at."""
EVERY_HAZARD = Selection(allow=dict.fromkeys(HazardName))
_UNBINDING = {
    HazardName.REMOVE_ALIAS,
    HazardName.REMOVE_PROTECTED_ALIAS,
    HazardName.DELETE_COLLECTION,
    HazardName.DELETE_REGISTRY,
}


def source(kind: str, number: int) -> str:
    return f"acme-ml/lab/{kind}:v{number}"


def versions_of(*kinds: str, count: int) -> dict[str, Version]:
    """Made-up versions by id, `count` of each type."""
    found = {}
    for kind in kinds:
        for number in range(count):
            name = f"{kind}-{number}"
            found[name] = Version(name, source(kind, number), f"{len(found):032x}", kind)
    return found


def shelves(kind: str, versions: Sequence[str], aliases: Sequence[str]) -> list[Shelf]:
    """Every collection of that type: each order of each subset of the versions, each alias unset or on a linked version."""
    found = []
    for count in range(len(versions) + 1):
        for order in permutations(versions, count):
            links = tuple(enumerate(order))
            for held in product((None, *range(count)), repeat=len(aliases)):
                set_ = tuple(sorted((alias, at) for alias, at in zip(aliases, held, strict=True) if at is not None))
                found.append(Shelf(kind, links, set_, count))
    return found


class Shown:
    """A backend that only reads, and shows one state of a small world."""

    capabilities = Capabilities(manages_protected_aliases=True, reads_settle=True, batch_size=1)

    def __init__(self, versions: Mapping[str, Version]) -> None:
        self._by_source = {version.source: version for version in versions.values()}
        self.live: Live

    def destination(self) -> Destination:
        return Destination("local", "local:small", "acme", "acme", oracle.ACTOR, "")

    def collection_names(self, registries: Collection[str]) -> dict[str, list[str]]:
        return {name: [] for name in registries}

    def registry_names(self) -> list[str]:
        return sorted(self.live.registries)

    def unknown_members(self, members: Collection[str]) -> Mapping[str, bool]:
        return {}

    def observe(self, scope: Scope, *, exactly: bool = False, foreseen: Foreseen = NOTHING_FORESEEN) -> Live:
        registries = {}
        for name, wanted in scope.items():
            registry = self.live.registries.get(name)
            if registry is None:
                continue
            registries[name] = registry = registry.copy()
            if wanted.collections is not None:
                kept = registry.collections.keys() & wanted.collections
                registry.collections = {key: registry.collections[key] for key in sorted(kept)}
        return Live(registries, self.live.read)

    def resolve(self, refs: Collection[SourceRef]) -> Mapping[SourceRef, Version | Unresolved]:
        return {ref: self._by_source.get(str(ref), Unresolved("does not exist")) for ref in refs}

    def describe(self, artifact_ids: Collection[ArtifactId]) -> Mapping[ArtifactId, VersionDetails]:
        return {}

    def alias_moves(self, addresses: Collection[Address], *, whole: bool = False) -> Untold:
        return Untold("nobody keeps a record of a small world")

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


@dataclass(frozen=True, slots=True)
class SmallWorld:
    """All live states and all manifests of one family; every pair of them is tried."""

    versions: Mapping[str, Version]
    states: Sequence[State]
    manifests: Sequence[Json]


@dataclass(slots=True)
class Figures:
    """What a campaign did. `pairs` counts live × manifest; plans are also made from every state that a crash leaves."""

    pairs: int = 0
    plans: int = 0
    refused: int = 0
    states: int = 0
    crashes: int = 0
    undone: int = 0

    def row(self) -> str:
        """As they stand in `docs/guarantees.md`."""
        numbers = (self.pairs, self.plans, self.refused, self.states, self.crashes, self.undone)
        return " | ".join(f"{number:,}" for number in numbers)


class Walk(NamedTuple):
    """A plan and every state of the witness from before its first operation to after its last."""

    plan: Plan
    states: list[State]


@dataclass(slots=True)
class Campaign:
    """Tries every pair of a small world. `run` raises where a guarantee does not hold.

    With a `stride`, each manifest meets only one in so many of the live states: other ones than the manifest before it.
    """

    world: SmallWorld
    stride: int = 1
    figures: Figures = field(default_factory=Figures)

    def run(self) -> Figures:
        shown = Shown(self.world.versions)
        library = Library(self.world.versions, oracle.ACTOR)
        kinds = {name: version.type for name, version in self.world.versions.items()}
        for number, manifest in enumerate(self.world.manifests):
            loaded = read(manifest)
            _OneManifest(manifest, loaded, shown, library, kinds, self.figures, self.stride == 1).run(
                self.world.states[number % self.stride :: self.stride]
            )
            if number % 64 == 0:
                assert library.unchanged(), "planning has changed what it was given"
        assert library.unchanged(), "planning has changed what it was given"
        return self.figures


def read(manifest: Json) -> Loaded:
    """The manifest, through the real reader. Without its file's name, so that nobody asks Git for a commit each time."""
    data = yaml.safe_dump(manifest, sort_keys=False).encode()
    return replace(load_sources([Source("registry.yaml", data, hashlib.sha256(data).hexdigest())]), files=())


@dataclass(slots=True)
class _OneManifest:
    """One manifest against every live state, and against every state that its own plans leave when they are cut short."""

    manifest: Json
    loaded: Loaded
    shown: Shown
    library: Library
    kinds: Mapping[str, str]
    figures: Figures
    every_crash: bool
    walks: dict[State, Walk | None] = field(default_factory=dict)

    def run(self, states: Iterable[State]) -> None:
        waiting = list(states)
        self.figures.pairs += len(waiting)
        while waiting:
            state = waiting.pop()
            if state in self.walks:
                continue
            walk = self.walks[state] = self._plan(state)
            if walk is not None:
                waiting += [each for each in walk.states if each not in self.walks]
        for walk in self.walks.values():
            if walk is not None:
                self._crash_everywhere(walk)

    def _plan(self, state: State) -> Walk | None:
        self.shown.live = self.library.live(state)
        self.figures.plans += 1
        try:
            plan = plan_manifests(self.loaded, self.shown, EVERY_HAZARD).plan
        except DiagnosticsError as error:
            codes = {diagnostic.code for diagnostic in error.diagnostics if diagnostic.is_error}
            assert codes == expected_refusals(state, self.manifest), (state, self.manifest, error)
            self.figures.refused += 1
            return None
        assert not expected_refusals(state, self.manifest), (state, self.manifest)
        states = [state]
        for operation in plan.operations:
            states.append(after(states[-1], operation.action, self.kinds))
        self._check(plan, states)
        return Walk(plan, states)

    def _check(self, plan: Plan, states: list[State]) -> None:
        self.figures.states += len(states)
        assert plan.proof.states == len(states)
        first, last = states[0], states[-1]
        oracle.check(self.library.live(first), self.manifest, self.library.live(last))
        renamed = {op.action.previous: op.action.collection for op in plan.operations if is_renaming(op.action)}
        old, new = first.bindings(renamed), last.bindings(renamed)
        guarded = first.protected | last.protected
        now = old
        for operation, state in zip(plan.operations, states[1:], strict=True):
            before, now = now, state.bindings(renamed)
            for place in old.keys() | new.keys():
                was, shall_be = old.get(place), new.get(place)
                assert now.get(place) in (was, shall_be), f"{place} was at a third version"
                assert was is None or shall_be is None or place in now, f"{place} was not bound for a while"
            for place in before.keys() - now.keys():
                check_unbinding(operation, protected=place[1] in guarded)
        self._check_latest(plan, first, last, renamed)
        self._check_undo(plan, first, last)

    @staticmethod
    def _check_latest(plan: Plan, first: State, last: State, renamed: Mapping[str, str]) -> None:
        """`latest` never goes back to an older version without its hazard."""
        hits = {(op.action.address.collection, hit.name) for op in plan.operations for hit in op.hits}
        for old_name, shelf in first.shelves:
            name = renamed.get(old_name, old_name)
            new = dict(last.shelves).get(name)
            if new is None or not shelf.links:
                continue
            older = not new.links or new.links[-1][1] < shelf.links[-1][1]
            assert not older or (name, HazardName.LATEST_MOVES) in hits, "latest goes back without a hazard"

    def _check_undo(self, plan: Plan, first: State, last: State) -> None:
        state = last
        for operation in plan.undo:
            state = after(state, operation.action, self.kinds)
        if not plan.irrevocable:
            self.figures.undone += 1
            assert _without_counters(state) == _without_counters(first), "undo does not lead back"

    def _crash_everywhere(self, walk: Walk) -> None:
        plan, states = walk
        ids = [operation.id for operation in plan.operations]
        again = self.walks[states[-1]]
        assert again is not None
        assert not again.plan.operations, "the next plan is not empty"
        for done, state in enumerate(states):
            self.shown.live = live = self.library.live(state)
            if not self.every_crash and (done + len(ids)) % CRASHES:
                finished = take_back(plan.operations, live, oracle.ACTOR).done
                assert finished == frozenset(ids[:done]), "what is done is not what was done"
                continue
            checked = check_before_first_write(plan, self.shown, Declared(self.loaded.desired, EVERY_HAZARD.allow))
            assert checked.done == frozenset(ids[:done]), "the saved plan does not go on where it was cut short"
            assert not checked.besides
        for state in states:
            replanned = self.walks[state]
            assert replanned is not None, "after a crash there is no plan any more"
            assert replanned.states[-1] == states[-1], "after a crash another state is reached"
        self.figures.crashes += len(ids)


def is_renaming(action: a.Action) -> TypeGuard[a.RenameCollection]:
    return isinstance(action, a.RenameCollection)


def check_unbinding(operation: Operation, *, protected: bool) -> None:
    """An alias goes: only by an operation that is about that, and that carries the hazard for it."""
    assert operation.action.kind in a.REMOVALS
    names = {hit.name for hit in operation.hits}
    if protected:
        assert HazardName.REMOVE_PROTECTED_ALIAS in names
        assert operation.protected
    assert names & _UNBINDING


def expected_refusals(state: State, manifest: Json) -> set[str]:
    """The codes of the errors that a pair must end in; empty where there must be a plan."""
    block = manifest["registries"][REGISTRY]
    if block == "absent":
        return set()
    found: set[str] = set()
    declared: list[str] | None = block.get("artifact_types")
    accepted: set[str] | None = set(declared) if declared is not None else None
    if state.there and state.types is not None:
        accepted = set(state.types) | set(declared or ())
    live = dict(state.shelves)
    for name, wanted in block.get("collections", {}).items():
        if wanted == "absent":
            continue
        if wanted.get("previously") in live:
            if name in live:
                found.add("rename-conflict")
                continue
            live[name] = live[wanted["previously"]]
        shelf = live.get(name)
        named = {*wanted.get("aliases", {}).values(), *(v for v in wanted.get("versions", []) if isinstance(v, str))}
        new = {each for each in named if "/" in each} - {
            source(*_split(link)) for _, link in (shelf or Shelf("")).links
        }
        if (shelf is None or new) and accepted is not None and wanted["type"] not in accepted:
            found.add("type-not-accepted")
            continue
        found |= set(_refusals_of(shelf or Shelf(wanted["type"]), wanted))
    return found


def _refusals_of(shelf: Shelf, wanted: Json) -> Iterator[str]:
    artifacts = {source(*_split(artifact)): artifact for _, artifact in shelf.links}
    listed = {next(iter(item)) if isinstance(item, dict) else item for item in wanted.get("versions", [])}
    absent = {next(iter(item)) for item in wanted.get("versions", []) if isinstance(item, dict)}
    aliases: dict[str, str] = wanted.get("aliases", {})
    named = [target for target in aliases.values() if "/" in target]
    coming = len(((listed - absent) | set(named)) - artifacts.keys())
    for target in aliases.values():
        number = int(target[1:]) if target.startswith("v") else None
        there = {index for index, _ in shelf.links} | set(range(shelf.next, shelf.next + coming))
        if number is not None and number not in there:
            yield "version-not-linked"
            return
    bound = {alias: source(*_split(dict(shelf.links)[index])) for alias, index in shelf.aliases}
    removes = wanted.get("unlisted", {}).get("aliases") == "remove"
    kept = {alias: at for alias, at in bound.items() if alias not in aliases and not (removes and "aliases" in wanted)}
    by_index = {index: source(*_split(artifact)) for index, artifact in shelf.links}
    kept |= {
        alias: at if "/" in at else by_index.get(int(at[1:]), "") for alias, at in aliases.items() if at != "absent"
    }
    if absent & artifacts.keys() & set(kept.values()):
        yield "version-in-use"


def _split(artifact: str) -> tuple[str, int]:
    kind, _, number = artifact.rpartition("-")
    return kind, int(number)


def _without_counters(state: State) -> State:
    if not state.there:
        return NOTHING
    return state._replace(shelves=tuple((name, shelf._replace(next=0)) for name, shelf in state.shelves))
