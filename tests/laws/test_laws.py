"""The laws of planning and applying, over generated worlds. Live and desired are drawn independently of each other."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, assume, event, given
from hypothesis import strategies as st

from regsync.backends import open_reader
from regsync.core.plan_document import plan_document
from regsync.core.plan_reading import decode_plan
from regsync.diagnostics import DiagnosticsError
from regsync.planning.undo import plan_undo
from tests.budget import share
from tests.laws import oracle
from tests.laws.run import EVERY_HAZARD, World, world
from tests.laws.worlds import live_worlds, wanted_worlds

Json = dict[str, Any]

lawful = share(60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def plan_or_assume(here: World, manifest: Json) -> Any:
    """The plan; a world in which the manifest cannot be reached says nothing about laws."""
    path = here.write_manifest(manifest)
    try:
        return here.plan(path), path
    except DiagnosticsError as error:
        event(f"refused: {error.diagnostics[0].code}")
        assume(False)


@lawful
@given(live_worlds(), wanted_worlds())
def test_after_apply_live_is_what_was_declared_and_the_next_plan_is_empty(seed: Json, manifest: Json) -> None:
    with world(seed) as here:
        before = here.live()
        plan, path = plan_or_assume(here, manifest)
        event(f"operations: {min(len(plan.operations), 10)}")
        applied = here.apply(plan)
        if applied.receipt is not None:
            assert applied.receipt.exit_code == 0, [o for o in applied.receipt.outcomes.values() if o.message]
            assert applied.receipt.verified
        oracle.check(before, manifest, here.live())
        again = here.plan(path)
        assert again.operations == ()


@lawful
@given(live_worlds(), wanted_worlds())
def test_the_plan_of_the_same_input_is_the_same_bytes_and_survives_its_file(seed: Json, manifest: Json) -> None:
    with world(seed) as here:
        plan, path = plan_or_assume(here, manifest)
        assert here.plan_bytes(path) == here.plan_bytes(path)
        document = plan_document(plan)
        assert plan_document(decode_plan(document)) | {"consents": document["consents"]} == document


@lawful
@given(live_worlds(), wanted_worlds(), st.randoms(use_true_random=False))
def test_how_the_manifest_is_cut_into_files_does_not_matter(seed: Json, manifest: Json, random: Any) -> None:
    with world(seed) as here:
        plan, _ = plan_or_assume(here, manifest)
        paths = []
        for number, (name, block) in enumerate(manifest["registries"].items()):
            part = {"apiVersion": "regsync/v1", "registries": {name: copy.deepcopy(block)}}
            paths.append(here.write_manifest(part, f"part-{number}.yaml"))
        random.shuffle(paths)
        cut = here.plan(*paths)
        shuffled = here.plan(*reversed(paths))
        assert plan_document(cut) == plan_document(shuffled)
        assert [op.action for op in cut.operations] == [op.action for op in plan.operations]


@lawful
@given(live_worlds(), wanted_worlds())
def test_undo_leads_back_wherever_the_plan_says_that_it_can(seed: Json, manifest: Json) -> None:
    with world(seed) as here:
        before = here.live()
        plan, _ = plan_or_assume(here, manifest)
        assume(plan.operations)
        event(f"irrevocable: {bool(plan.irrevocable)}")
        applied = here.apply(plan)
        assert applied.receipt is not None
        from regsync.execution.receipt import receipt_document

        with open_reader(here.spec, None, lambda _: None) as reader:
            back = plan_undo(receipt_document(applied.receipt), reader, EVERY_HAZARD.allow)
        assert [(lost.operation, lost.why) for lost in back.irrevocable] == [
            (lost.operation, lost.why) for lost in plan.irrevocable
        ]
        undone = here.apply(back)
        assert undone.receipt is None or undone.receipt.exit_code == 0
        after = here.live()
        if not plan.irrevocable:
            assert _without_counters(after) == _without_counters(before)


def _without_counters(live: Any) -> Any:
    """What undo promises: everything but the indices that are used up."""
    found = copy.deepcopy(live.registries)
    for registry in found.values():
        for collection in registry.collections.values():
            collection.next_index = None
    return found
