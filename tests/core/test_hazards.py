"""Hazards: what is one, what is none, and how consent covers them."""

from __future__ import annotations

from pathlib import Path

import pytest

from regsync.core.desired import HazardName
from regsync.core.plan import Plan
from tests.core.making import collection, live, plan

ALIASES = {"a": 0, "b": 0, "c": 0, "d": 0, "e": 0, "f": 0, "g": 0, "h": 0}
LIVE = live(collection("v0", "v1", aliases=ALIASES), protected=("a",), members=("bob", "carol"))


def in_collection(block: str, extra: str = "") -> str:
    return f"registries: {{model: {{collections: {{fraud: {{type: model, {block}}}}}{extra}}}}}\n"


def found(result: Plan) -> dict[str, tuple[int, int]]:
    """Hazard → how many there are, and how many are open."""
    return {hazard.name.value: (hazard.count, hazard.open) for hazard in result.hazards}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("aliases: {b: v1}", {}),
        ("aliases: {a: v1}", {}),
        ("aliases: {new: acme-ml/fraud/detector:v2}", {}),
        ("aliases: {b: absent}", {"remove-alias": 1}),
        ("aliases: {a: absent}", {"remove-protected-alias": 1}),
        ("aliases: {a: absent, b: absent}", {"remove-alias": 1, "remove-protected-alias": 1}),
        ("aliases: {a: v1, b: v1, c: v1, d: v1}", {}),
        ("aliases: {a: v1, b: v1, c: v1, d: v1, e: v1}", {}),
        ("versions: [{v1: absent}]", {"unlink-version": 1, "latest-moves": 1}),
        (
            "aliases: {}, unlisted: {aliases: remove}",
            {
                "remove-alias": 7,
                "remove-protected-alias": 1,
                "mass-change": 8,
                "empty-desired": 8,
            },
        ),
    ],
)
def test_what_is_a_hazard(tmp_path: Path, block: str, expected: dict[str, int]) -> None:
    result = plan(tmp_path, in_collection(block), LIVE)
    assert found(result) == {name: (count, count) for name, count in expected.items()}
    assert result.applyable is (not expected)


def test_an_older_version_takes_latest(tmp_path: Path) -> None:
    before = live(collection("v3", aliases={"a": 0}))
    older = plan(tmp_path, in_collection("aliases: {b: acme-ml/fraud/detector:v2}"), before)
    assert found(older) == {"latest-moves": (1, 1)}
    newer = plan(tmp_path, in_collection("aliases: {b: acme-ml/fraud/detector:v4}"), before)
    assert found(newer) == {}
    assert "latest moves from v0" in newer.operations[0].notes[0]


def test_whole_collections_and_registries(tmp_path: Path) -> None:
    one = plan(tmp_path, "registries: {model: {collections: {fraud: absent}}}\n", LIVE)
    assert found(one) == {"delete-collection": (1, 1), "remove-protected-alias": (1, 1)}
    whole = plan(tmp_path, "registries: {model: absent}\n", LIVE)
    assert found(whole) == {"delete-registry": (1, 1), "remove-protected-alias": (1, 1)}


def test_what_cannot_be_taken_back(tmp_path: Path) -> None:
    types = plan(tmp_path, "registries: {model: {artifact_types: [model]}}\n", LIVE)
    assert found(types) == {"irreversible": (1, 1)}
    restricted = plan(tmp_path, "registries: {model: {visibility: restricted}}\n", LIVE)
    assert found(restricted) == {"irreversible": (1, 1)}
    assert {lost.operation for lost in (*types.irrevocable, *restricted.irrevocable)} == {"op-1"}


def test_taking_a_protection_off(tmp_path: Path) -> None:
    result = plan(tmp_path, "registries: {model: {protected_aliases: [{a: absent}]}}\n", LIVE)
    assert found(result) == {"remove-protected-alias": (1, 1)}


def test_manifests_that_declare_nothing(tmp_path: Path) -> None:
    assert found(plan(tmp_path, "", LIVE)) == {"empty-desired": (1, 1)}


@pytest.mark.parametrize(
    ("consent", "open_"),
    [("remove-alias", 0), ("remove-alias=2", 0), ("remove-alias=3", 0), ("remove-alias=1", 2), ("unlink-version", 2)],
)
def test_consent_in_the_manifest_is_a_ceiling(tmp_path: Path, consent: str, open_: int) -> None:
    block = "aliases: {b: absent, c: absent}"
    beside = plan(tmp_path, in_collection(f"{block}, consent: [{consent}]"), LIVE)
    above = plan(tmp_path, in_collection(block, f", consent: [{consent}]"), LIVE)
    on_top = plan(tmp_path, in_collection(block) + f"consent: [{consent}]\n", LIVE)
    assert [found(result)["remove-alias"] for result in (beside, above, on_top)] == [(2, open_)] * 3


def test_consent_covers_its_own_scope_only(tmp_path: Path) -> None:
    before = live(collection("v0", aliases={"x": 0, "y": 0, "z": 0}), collection("v0", aliases={"x": 0}, name="other"))
    body = """\
registries:
  model:
    collections:
      fraud: {aliases: {x: absent}, consent: [remove-alias]}
      other: {aliases: {x: absent}}
"""
    assert found(plan(tmp_path, body, before))["remove-alias"] == (2, 1)


def test_the_command_line_covers_what_the_manifest_leaves_open(tmp_path: Path) -> None:
    body = in_collection("aliases: {b: absent, c: absent}")
    assert plan(tmp_path, body, LIVE, {HazardName.REMOVE_ALIAS: 1}).applyable is False
    assert plan(tmp_path, body, LIVE, {HazardName.REMOVE_ALIAS: 2}).applyable is True
    assert plan(tmp_path, body, LIVE, {HazardName.REMOVE_ALIAS: None}).applyable is True


LIMITS = "limits: {aliases: {percent: 50, number: 1000}}\n"


def test_a_small_set_moves_as_usual_and_a_large_one_asks(tmp_path: Path) -> None:
    """Four models that are released together are daily work; ten of ten aliases are not."""
    for number, expected in ((4, {}), (9, {}), (10, {"mass-change": (10, 10)})):
        names = [f"a{each}" for each in range(number)]
        there = live(collection("v0", "v1", aliases=dict.fromkeys(names, 0)))
        body = in_collection(f"aliases: {{{', '.join(f'{name}: v1' for name in names)}}}")
        assert found(plan(tmp_path, body, there)) == expected


def test_three_of_three_is_a_mass_change_and_two_of_two_is_not_where_caps_are_declared(tmp_path: Path) -> None:
    two = live(collection("v0", "v1", aliases={"a": 0, "b": 0}))
    three = live(collection("v0", "v1", aliases={"a": 0, "b": 0, "c": 0}))
    assert found(plan(tmp_path, in_collection("aliases: {a: v1, b: v1}") + LIMITS, two)) == {}
    assert found(plan(tmp_path, in_collection("aliases: {a: v1, b: v1, c: v1}") + LIMITS, three)) == {
        "mass-change": (3, 3)
    }


def test_caps_can_be_set(tmp_path: Path) -> None:
    body = in_collection("aliases: {b: v1, c: v1}") + "limits: {aliases: {percent: 100, number: 1}}\n"
    assert found(plan(tmp_path, body, LIVE)) == {"mass-change": (2, 2)}
    wide = (
        in_collection("aliases: {a: v1, b: v1, c: v1, d: v1, e: v1}") + "limits: {aliases: {percent: 100, number: 9}}\n"
    )
    assert found(plan(tmp_path, wide, LIVE)) == {}


def test_half_of_the_protected_aliases_of_one_name(tmp_path: Path) -> None:
    """However many other aliases there are; one less is a large release, and no more."""
    for moved, expected in ((9, {}), (10, {"mass-change": (10, 10)})):
        manifest = tmp_path / "many.yaml"
        there = {f"c{each}": {"production": 0, "x": 0, "y": 0, "z": 0} for each in range(20)}
        blocks = "\n".join(f"      c{each}: {{aliases: {{production: v1}}}}" for each in range(moved))
        body = f"registries:\n  model:\n    protected_aliases: [production]\n    collections:\n{blocks}\n"
        state = live(*(collection("v0", "v1", name=name, aliases=aliases) for name, aliases in there.items()))
        assert found(plan(tmp_path, body, state)) == expected, manifest
