"""What a plan tells about the versions that aliases leave and come to, on real registry files."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from regsync.backends import open_reader
from regsync.core.desired import HazardName
from regsync.core.live import VersionDetails
from regsync.core.plan import Plan, Selection
from regsync.core.plan_document import plan_document
from regsync.execution.receipt import receipt_document
from regsync.manifest.reading.load import load
from regsync.names import ArtifactId
from regsync.planning.evidence import MOST_CHANGES, MOST_OPERATIONS
from regsync.planning.making import plan_manifests
from regsync.planning.undo import plan_undo
from tests.laws.run import EVERY_HAZARD, World, world

Json = dict[str, Any]
SEED: Json = {
    "organization": "acme",
    "users": {"alice": {"api_key": "alice-key-for-the-local-registry-00000000", "role": "admin"}},
    "teams": {"acme-ml": ["alice"]},
    "artifacts": {
        "acme-ml/p/m": {
            "type": "model",
            "versions": [
                {"metadata": {"acc": 0.9, "eval": {"loss": 0.5}, "lr": 1}},
                {"metadata": {"acc": 0.8, "eval": {"loss": 0.4}, "lr": 2}, "files": {"w": "0123456789"}},
                {"metadata": {"eval": {"loss": "NaN"}}},
            ],
        }
    },
    "registries": {
        "model": {
            "collections": {"c": {"type": "model", "versions": ["acme-ml/p/m:v0"], "aliases": {"a": "v0", "b": "v0"}}}
        }
    },
}


def manifest(aliases: Json, metrics: Json | None = None) -> Json:
    collection = {"type": "model", "aliases": aliases} | ({"metrics": metrics} if metrics else {})
    return {"apiVersion": "regsync/v1", "registries": {"model": {"collections": {"c": collection}}}}


def version(number: int) -> str:
    return f"acme-ml/p/m:v{number}"


def operations(plan: Plan) -> dict[tuple[str, str], Json]:
    return {(each["kind"], each["address"]): each for each in plan_document(plan)["operations"]}


def test_a_move_tells_what_changes() -> None:
    metrics = {"acc": {"better": "higher", "bound": 0.5}, "eval.loss": "lower", "other": "higher"}
    with world(SEED) as here:
        plan = here.plan(here.write_manifest(manifest({"a": version(1)}, metrics)))
    found = operations(plan)["set-alias", "model/c:a"]["evidence"]
    assert found["metrics"] == [
        {"name": "acc", "better": "higher", "bound": 0.5, "bound_broken": False, "old": 0.9, "new": 0.8}
        | {"delta": -0.1, "percent": -11.11, "verdict": "worse"},
        {"name": "eval.loss", "better": "lower", "bound": None, "bound_broken": False, "old": 0.5, "new": 0.4}
        | {"delta": -0.1, "percent": -20.0, "verdict": "better"},
        {"name": "other", "better": "higher", "bound": None, "bound_broken": False, "old": None, "new": None}
        | {"delta": None, "percent": None, "verdict": "unknown"},
    ]
    change = {"path": "lr", "change": "changed", "old": 1, "new": 2, "delta": 1, "percent": 100.0}
    assert found["changes"] == [change]
    assert found["new"]["size"] == 10
    assert found["new"]["run"] is None
    assert found["old"]["metadata_known"] is True


def test_a_first_binding_and_its_link_tell_what_is_in_the_version() -> None:
    with world(SEED) as here:
        plan = here.plan(here.write_manifest(manifest({"new": version(1)})))
    found = operations(plan)
    for kind, address in (("set-alias", "model/c:new"), ("link-version", "model/c")):
        evidence = found[kind, address]["evidence"]
        assert evidence["old"] is None
        assert [(each["path"], each["new"]) for each in evidence["changes"]] == [
            ("acc", 0.8),
            ("eval.loss", 0.4),
            ("lr", 2),
        ]


@pytest.mark.parametrize(
    ("metrics", "number", "message"),
    [
        (
            {"acc": {"better": "higher", "bound": 0.85}},
            1,
            "acc of acme-ml/p/m:v1 is 0.8; model/c:a asks for at least 0.85",
        ),
        (
            {"eval.loss": {"better": "lower", "bound": 0.3}},
            1,
            "eval.loss of acme-ml/p/m:v1 is 0.4; model/c:a asks for at most 0.3",
        ),
        (
            {"acc": {"better": "higher", "bound": 0.1}},
            2,
            "acc of acme-ml/p/m:v2 is not known; model/c:a asks for at least 0.1",
        ),
        (
            {"eval.loss": {"better": "lower", "bound": 9}},
            2,
            "eval.loss of acme-ml/p/m:v2 is not known; model/c:a asks for at most 9",
        ),
    ],
    ids=["too low", "too high", "missing", "not a number"],
)
def test_a_broken_bound_is_a_hazard(metrics: Json, number: int, message: str) -> None:
    with world(SEED) as here:
        path = here.write_manifest(manifest({"a": version(number)}, metrics))
        plan, allowed = here.plan(path, selection=Selection()), here.plan(path, selection=EVERY_HAZARD)
    assert [hazard.name for hazard in plan.hazards] == [HazardName.METRIC_BOUND]
    assert plan.hazards[0].consent == "--allow metric-bound=1"
    assert not plan.applyable
    assert allowed.applyable
    assert [hit["message"] for hit in operations(plan)["set-alias", "model/c:a"]["hazards"]] == [message]


def test_a_bound_that_holds_and_one_that_nothing_moves_against_are_no_hazard() -> None:
    metrics = {"acc": {"better": "higher", "bound": 0.8}}
    with world(SEED) as here:
        moved = here.plan(here.write_manifest(manifest({"a": version(1)}, metrics)), selection=Selection())
        still = here.plan(
            here.write_manifest(manifest({"a": version(0)}, {"acc": {"better": "higher", "bound": 2}})),
            selection=Selection(),
        )
    assert moved.hazards == still.hazards == ()


class Counting:
    """A reader that remembers what it was asked to describe, and can hide some of it."""

    def __init__(self, reader: Any, hidden: bool = False) -> None:
        self._reader = reader
        self._hidden = hidden
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def describe(self, ids: Collection[ArtifactId]) -> Mapping[ArtifactId, VersionDetails]:
        self.asked.append(len(ids))
        found: Mapping[ArtifactId, VersionDetails] = {} if self._hidden else self._reader.describe(ids)
        return found


def planned(here: World, content: Json, *, hidden: bool = False) -> tuple[Plan, list[int]]:
    path = here.write_manifest(content)
    with open_reader(here.spec, None, lambda _: None) as reader:
        counting = Counting(reader, hidden)
        return plan_manifests(load([path]), counting, EVERY_HAZARD).plan, counting.asked


def test_versions_that_the_key_may_not_see_are_shown_as_not_known() -> None:
    with world(SEED) as here:
        bound = {"acc": {"better": "higher", "bound": 0.1}}
        plan, asked = planned(here, manifest({"a": version(1)}, bound), hidden=True)
    evidence = operations(plan)["set-alias", "model/c:a"]["evidence"]
    assert evidence["old"] is evidence["new"] is None
    assert evidence["changes"] == []
    assert [hazard.name for hazard in plan.hazards] == [HazardName.METRIC_BOUND]
    assert asked == [2]


def test_without_moves_nothing_is_looked_up_and_deepdiff_is_not_loaded() -> None:
    with world(SEED) as here:
        path = here.write_manifest(manifest({"a": version(0), "b": "absent"}))
        plan, asked = planned(here, manifest({"a": version(0), "b": "absent"}))
        assert plan.operations
        assert asked == []
        code = (
            "import sys; from regsync.commands import run; "
            f"run(['--backend', {here.spec!r}, 'plan', {str(path)!r}, '--allow', 'remove-alias']); "
            "print('deepdiff' in sys.modules, 'jinja2' in sys.modules)"
        )
        answer = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=here.folder
        )
    assert answer.stdout.splitlines()[-1].endswith("False False")


def test_a_plan_that_takes_back_tells_the_same_the_other_way_round() -> None:
    with world(SEED) as here:
        forth = here.plan(here.write_manifest(manifest({"a": version(1)})))
        receipt = here.apply(forth).receipt
        assert receipt is not None
        with open_reader(here.spec, None, lambda _: None) as reader:
            back = plan_undo(receipt_document(receipt), reader, dict.fromkeys(HazardName))
    there = operations(forth)["set-alias", "model/c:a"]["evidence"]
    again = operations(back)["set-alias", "model/c:a"]["evidence"]
    assert (again["old"], again["new"]) == (there["new"], there["old"])
    assert [(each["path"], each["old"]) for each in again["changes"]] == [
        (each["path"], each["new"]) for each in there["changes"]
    ]


def many(number: int) -> tuple[Json, Json]:
    """A world and a manifest that moves that many aliases from v0 to v1."""
    seed = copy.deepcopy(SEED)
    seed["registries"]["model"] = {
        "protected_aliases": ["zz"],
        "collections": {
            f"c{n}": {
                "type": "model",
                "versions": [version(0), version(1)],
                "aliases": {"zz" if n == number - 1 else "a": "v0"},
            }
            for n in range(number)
        },
    }
    collections = {
        f"c{n}": {
            "type": "model",
            "metrics": {"acc": {"better": "higher", "bound": 0.85}},
            "aliases": {"zz" if n == number - 1 else "a": "v1"},
        }
        for n in range(number)
    }
    return seed, {"apiVersion": "regsync/v1", "registries": {"model": {"collections": collections}}}


def test_evidence_is_cut_loudly_and_bounds_are_checked_for_all() -> None:
    number = MOST_OPERATIONS + 7
    seed, wanted = many(number)
    with world(seed) as here:
        plan, asked = planned(here, wanted)
    assert asked == [2]
    with_evidence = [operation for operation in plan.operations if operation.evidence is not None]
    assert len(with_evidence) == MOST_OPERATIONS
    assert plan.operations[-1].protected
    assert plan.operations[-1].evidence is not None
    (warning,) = [each for each in plan.warnings if each.code == "evidence-limit"]
    assert f"{MOST_OPERATIONS} of {number}" in warning.message
    (hazard,) = [hazard for hazard in plan.hazards if hazard.name is HazardName.METRIC_BOUND]
    assert hazard.count == number


def test_what_is_stored_for_one_operation_is_bounded() -> None:
    seed = copy.deepcopy(SEED)
    versions = seed["artifacts"]["acme-ml/p/m"]["versions"]
    versions[1]["metadata"] = {f"k{n}": {"x" * 300: ["y" * 5_000] * 50} for n in range(90)}
    with world(seed) as here:
        plan = here.plan(here.write_manifest(manifest({"a": version(1)})))
    evidence = operations(plan)["set-alias", "model/c:a"]["evidence"]
    assert len(evidence["changes"]) == MOST_CHANGES
    assert evidence["changes_left_out"] > 1_000
    assert len(str(evidence)) < 60_000
