"""What a plan says of numbers and of roles: one is one, and a warning means that something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsync.names import Role
from tests.core.making import collection, live, plan

GONE = "registries: {model: {collections: {fraud: absent}}}\n"
MOVED = "registries: {model: {collections: {fraud: {aliases: {production: acme-ml/fraud/detector:v1}}}}}\n"


def test_one_is_singular(tmp_path: Path) -> None:
    (hit,) = plan(tmp_path, GONE, live(collection("v0", aliases={"a": 0}))).operations[0].hits
    assert hit.message == "deletes model/fraud with 1 version and 1 alias; its indices are lost"
    (hit,) = plan(tmp_path, "registries: {model: absent}\n", live(collection("v0"))).operations[0].hits
    assert hit.message == "deletes registry 'model' with its 1 collection"


@pytest.mark.parametrize("role", list(Role))
def test_a_key_that_only_reads_plans_for_one_that_writes_without_a_warning(tmp_path: Path, role: Role) -> None:
    """A member's key would apply a part of such a plan; that is warned of. A viewer's applies nothing."""
    found = live(collection("v0", "v1", aliases={"production": 0}), protected=("production",))
    found.registries["model"].role = role
    warned = [each.message for each in plan(tmp_path, MOVED, found).warnings]
    told = [f"the role admin is needed for 1 operation in registry 'model'; this key has {role}"]
    assert warned == (told if role is Role.MEMBER else [])
