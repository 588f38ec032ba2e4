"""`--shard I/N`: the parts of a plan are disjoint, together they are the plan, and applied in any order they end where it ends."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given
from hypothesis import strategies as st

from regsync.core.desired import Desired, HazardName
from regsync.core.plan import Plan, Selection, Shard, parse_shard
from regsync.core.plan_document import plan_document
from regsync.core.plan_reading import decode_plan
from regsync.core.shard import part_of
from regsync.execution.again import Declared
from regsync.execution.run import apply_plan
from regsync.execution.state import StateDir
from regsync.manifest.reading.load import load
from tests.budget import share
from tests.commands.inside import Cli
from tests.laws.run import EVERY_HAZARD, World, world
from tests.laws.test_laws import plan_or_assume
from tests.laws.worlds import live_worlds, wanted_worlds

Json = dict[str, Any]
lawful = share(12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def _parts(here: World, path: Path, of: int, selection: Selection = EVERY_HAZARD) -> list[Plan]:
    return [here.plan(path, selection=selection._replace(shard=Shard(n, of))) for n in range(1, of + 1)]


@lawful
@given(live_worlds(), wanted_worlds(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_parts_are_the_plan_and_end_where_it_ends(seed: Json, manifest: Json, of: int, random: Any) -> None:
    with world(seed) as here:
        whole, path = plan_or_assume(here, manifest)
        parts = _parts(here, path, of)
        event(f"parts with operations: {sum(bool(each.operations) for each in parts)}")
        assert sorted(repr(op.action) for each in parts for op in each.operations) == sorted(
            repr(op.action) for op in whole.operations
        )
        assert [
            set(each.read.scope) & set(other.read.scope) for each in parts for other in parts if other is not each
        ] == [set() for _ in range(of * (of - 1))]
        registry, before = here.folder / "registry.db", here.folder / "before.db"
        shutil.copy(registry, before)
        here.apply(whole)
        expected = here.live().registries
        shutil.copy(before, registry)
        random.shuffle(parts)
        loaded = load([path])
        for part in parts:
            saved = decode_plan(plan_document(part))
            assert saved.selection.shard == part.selection.shard
            assert not saved.complete
            trusted = Declared(loaded.desired, EVERY_HAZARD.allow) if random.random() < 0.5 else None
            _apply(here, saved, trusted)
        assert here.live().registries == expected
        assert here.plan(path).operations == ()
        assert all(each.operations == () for each in _parts(here, path, of))


def _apply(here: World, plan: Plan, declared: Declared | None) -> None:
    from regsync.backends import open_writer

    with open_writer(here.spec, None, lambda _: None) as writer:
        applied = apply_plan(plan, writer, StateDir(here.folder / "parts"), declared=declared)
    assert applied.receipt is None or applied.receipt.exit_code == 0


@lawful
@given(live_worlds(), wanted_worlds(), st.integers(2, 3))
def test_parts_allow_no_more_than_the_whole_plan(seed: Json, manifest: Json, of: int) -> None:
    with world(seed) as here:
        _, path = plan_or_assume(here, manifest)
        for allowed in (Selection(), Selection(allow=dict.fromkeys(HazardName, 1))):
            whole, parts = here.plan(path, selection=allowed), _parts(here, path, of, allowed)
            opened = {hazard.name for hazard in whole.hazards if not hazard.consented}
            for part in parts:
                carried = {hit.name for operation in part.operations for hit in operation.hits}
                shown = {hazard.name for hazard in part.hazards if not hazard.consented}
                assert carried & opened <= shown
                decode_plan(plan_document(part))
            if whole.operations and not whole.applyable:
                assert not all(part.applyable for part in parts)


LARGE = """\
apiVersion: regsync/v1
organization: acme
registries:
  large: {previously: before, collections: {a: {type: model, aliases: {x: t/p/d:v0, y: t/p/d:v0, z: t/p/d:v1}}}}
  one: {collections: {b: {type: model}}}
  two: {collections: {c: {type: model}}}
"""


def test_parts_are_about_as_large_and_the_rest_are_empty(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(LARGE, encoding="utf-8")
    desired: Desired = load([tmp_path / "r.yaml"]).desired
    assert [sorted(part_of(desired, Shard(n, 2)).registries) for n in (1, 2)] == [["large"], ["one", "two"]]
    assert [sorted(part_of(desired, Shard(n, 4)).registries) for n in (1, 2, 3, 4)] == [["large"], ["one"], ["two"], []]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "a/b", "1/2/3", "-1/2", "01/2", "1/ 2", "1/2\n", "1/99999"])
def test_a_shard_that_is_none_is_an_error_of_the_command_line(adopted: Cli, text: str) -> None:
    Path("r.yaml").write_text("apiVersion: regsync/v1\norganization: acme\nregistries: {}\n", encoding="utf-8")
    done = adopted("plan", "r.yaml", "--shard", text)
    assert done.code == 1 and "--shard" in done.err
    with pytest.raises(ValueError, match="part"):
        parse_shard(text)


def test_a_part_is_saved_applied_and_said(adopted: Cli) -> None:
    Path("r.yaml").write_text(
        "apiVersion: regsync/v1\norganization: acme\nregistries:\n  one: {collections: {}}\n  two: {collections: {}}\n",
        encoding="utf-8",
    )
    first = adopted("plan", "r.yaml", "--shard", "1/3", "-o", "one.json")
    assert first.code == 0, first
    assert "this is part `1/3`" in first.out.replace("\n", " ") and "one" in first.out and "two" not in first.out
    assert adopted("apply", "one.json", "--expect-manifests", "r.yaml").code == 0
    assert adopted("apply", "r.yaml", "--shard", "2/3", "--auto-approve").code == 0
    third = adopted("plan", "r.yaml", "--shard", "3/3", "--detailed-exitcode")
    assert third.code == 0 and "No changes" in third.out
    assert adopted("plan", "r.yaml", "--detailed-exitcode").code == 0
    assert adopted("apply", "one.json", "--shard", "1/3").code == 1
