"""The proof catches every way in which a plan could be wrong: good plans, damaged one way at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from regsync.core import actions as a
from regsync.core.desired import HazardName
from regsync.core.live import Live
from regsync.core.operation import Hit, Operation
from regsync.core.proof import INVARIANTS, ProofError, prove
from tests.core.making import collection, live, plan, version

BODY = """\
registries:
  model:
    collections:
      fraud:
        type: model
        unlisted: {versions: remove}
        versions: [acme-ml/fraud/detector:v2]
        aliases:
          production: acme-ml/fraud/detector:v2
          shadow: absent
"""
LIVE = live(collection("v0", "v1", aliases={"production": 0, "shadow": 1}), protected=("production",))


@pytest.fixture
def operations(tmp_path: Path) -> tuple[Operation, ...]:
    found = plan(tmp_path, BODY, LIVE).operations
    assert [operation.action.kind for operation in found] == [
        "link-version",
        "set-alias",
        "remove-alias",
        "unlink-version",
        "unlink-version",
    ]
    return found


def refuted(operations: Sequence[Operation], invariant: int, found: Live = LIVE, *, final: bool = True) -> None:
    with pytest.raises(ProofError) as error:
        prove(operations, found, "alice", lambda _: final)
    assert INVARIANTS[invariant] in error.value.message
    assert "nothing was changed" in (error.value.hint or "")


def test_the_plan_itself_is_proven(operations: tuple[Operation, ...]) -> None:
    proof, _ = prove(operations, LIVE, "alice", lambda _: True)
    assert str(proof) == "states 6, invariants 9"


def test_an_operation_too_early(operations: tuple[Operation, ...]) -> None:
    refuted([operations[1], operations[0], *operations[2:]], 1)


def test_an_operation_left_out(operations: tuple[Operation, ...]) -> None:
    refuted(operations[1:], 1)


def test_a_version_unlinked_while_an_alias_is_on_it(operations: tuple[Operation, ...]) -> None:
    refuted([operations[0], *operations[3:]], 1)


def test_a_wrong_index(operations: tuple[Operation, ...]) -> None:
    link = a.LinkVersion("model", "fraud", version("v2"), 7)
    refuted([replace(operations[0], action=link)], 1)


def test_a_wrong_type(operations: tuple[Operation, ...]) -> None:
    link = a.LinkVersion("model", "fraud", version("v2", "dataset"), 2)
    refuted([replace(operations[0], action=link)], 0)


def test_an_alias_moved_twice(operations: tuple[Operation, ...]) -> None:
    link, move = operations[:2]
    again = a.SetAlias("model", "fraud", "production", version("v2"), 2, version("v1"), 1)
    refuted([link, move, replace(move, id="op-9", action=again)], 4)


def test_an_alias_taken_off_and_set_again(operations: tuple[Operation, ...]) -> None:
    """The way that leaves a gap: what the server can do in one step, in two."""
    link, move, remove = operations[:3]
    off = a.RemoveAlias("model", "fraud", "production", version("v0"), 0)
    on = a.SetAlias("model", "fraud", "production", None, None, version("v2"), 2)
    consented = (Hit(HazardName.REMOVE_PROTECTED_ALIAS, "takes it off"),)
    gap = [replace(remove, id="op-8", action=off, hits=consented), link, replace(move, action=on)]
    refuted(gap, 4)


def test_a_protected_alias_unbound_without_its_hazard(operations: tuple[Operation, ...]) -> None:
    off = a.RemoveAlias("model", "fraud", "production", version("v0"), 0)
    refuted([replace(operations[2], action=off, protected=True)], 5)
    refuted([replace(operations[2], action=off, protected=False)], 5)


def test_a_removal_without_a_hazard(operations: tuple[Operation, ...]) -> None:
    refuted([replace(operations[2], hits=())], 6)


def test_a_removal_on_an_incomplete_read(operations: tuple[Operation, ...]) -> None:
    found = live(collection("v0", "v1", aliases={"production": 0, "shadow": 1}), complete=False)
    refuted(operations, 7, found)


def test_something_left_to_do(operations: tuple[Operation, ...]) -> None:
    refuted(operations, 8, final=False)
