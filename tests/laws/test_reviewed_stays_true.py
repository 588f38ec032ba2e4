"""The law of guarantee 2 over drawn worlds: a plan, then a colleague applies other manifests, then the plan is applied.

What is carried out is what planning again gives, as it was reviewed; and a plan whose operations all stand as they were reviewed,
with nothing done already, is carried out.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings

from regsync.diagnostics import DiagnosticsError, StalePlanError
from tests.guarantees.test_reviewed import as_reviewed
from tests.laws.run import World, world
from tests.laws.worlds import live_worlds, wanted_worlds

Json = dict[str, Any]


def planned(here: World, manifest: Json) -> Any:
    try:
        return here.plan(here.write_manifest(manifest))
    except DiagnosticsError:
        return None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(live_worlds(), wanted_worlds(), wanted_worlds())
def test_a_plan_is_good_for_as_long_as_what_was_reviewed_is_true(seed: Json, manifest: Json, other: Json) -> None:
    with world(seed) as here:
        plan, colleague = planned(here, manifest), planned(here, other)
        assume(plan is not None and plan.operations and colleague is not None and colleague.operations)
        here.apply(colleague)
        again = planned(here, manifest)
        given_again = [] if again is None else [as_reviewed(each, hazards=False) for each in again.operations]
        same = [each for each in plan.operations if as_reviewed(each, hazards=False) in given_again]
        try:
            applied = here.apply(plan)
        except StalePlanError as error:
            event("refused")
            whole = again is not None and [
                as_reviewed(each, hazards=True) in [as_reviewed(new, hazards=True) for new in again.operations]
                for each in plan.operations
            ]
            possible = "mass-change" in error.message or len(again.operations if again else ()) > len(plan.operations)
            assert not whole or not all(whole) or possible, error.message
            return
        event("carried out" if applied.receipt else "already there")
        if applied.receipt is None:
            assert not same
            return
        assert applied.receipt.exit_code == 0
        skipped = {name for name, outcome in applied.receipt.outcomes.items() if outcome.status.value == "skipped"}
        done = {each.id for each in plan.operations} - skipped
        assert done <= {each.id for each in same}, "carried out what planning again does not give"
