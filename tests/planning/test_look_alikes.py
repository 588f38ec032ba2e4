"""Names that people take for one another: what is declared against what is live, for every kind of name."""

from __future__ import annotations

from typing import Any

import pytest

from regsync.alike import alike_key
from tests.laws.run import world

Json = dict[str, Any]
V0 = "acme-ml/p/m:v0"
SEED: Json = {
    "organization": "acme",
    "users": {"alice": {"api_key": "alice-key-for-the-local-registry-00000000", "role": "admin"}},
    "teams": {"acme-ml": ["alice"]},
    "artifacts": {"acme-ml/p/m": {"type": "model", "versions": 1}},
    "registries": {
        "model": {
            "artifact_types": ["model"],
            "protected_aliases": ["production"],
            "collections": {
                "fraud": {"type": "model", "tags": ["tabular"], "versions": [V0], "aliases": {"production": "v0"}},
                "fraud-rules": {"type": "model"},
            },
        }
    },
}


def in_fraud(**block: Any) -> Json:
    return {"model": {"collections": {"fraud": block}}}


@pytest.mark.parametrize(
    ("registries", "new", "live"),
    [
        (in_fraud(aliases={"Production": V0}), "Production", "production"),
        (in_fraud(aliases={"pr0duction": V0}), "pr0duction", "production"),
        (in_fraud(aliases={"prod-uction": V0}), "prod-uction", "production"),
        (in_fraud(aliases={"prodction": V0}), "prodction", "production"),
        (in_fraud(aliases={"Porduction": V0}), "Porduction", "production"),
        ({"models": {"artifact_types": ["model"]}}, "models", "model"),
        (in_fraud(aliases={"productіon": V0}), "productіon", "production"),  # a Cyrillic letter
        (in_fraud(aliases={"Production": "absent"}), "Production", "production"),
        (in_fraud(tags=["Tabular"]), "Tabular", "tabular"),
        (in_fraud(tags=[{"TABULAR": "absent"}]), "TABULAR", "tabular"),
        ({"model": {"protected_aliases": [{"Production": "absent"}]}}, "Production", "production"),
        ({"model": {"collections": {"fraud_rules": {"type": "model"}}}}, "fraud_rules", "fraud-rules"),
        ({"model": {"collections": {"FraudRules": "absent"}}}, "FraudRules", "fraud-rules"),
        ({"Model": {"artifact_types": ["model"]}}, "Model", "model"),
        ({"Mode1": "absent"}, "Mode1", "model"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_name_beside_almost_the_same_live_one_is_warned_about(registries: Json, new: str, live: str) -> None:
    with world(SEED) as here:
        plan = here.plan(here.write_manifest({"apiVersion": "regsync/v1", "registries": registries}))
    (warning,) = [each for each in plan.warnings if each.code == "similar-live"]
    assert f"`{new}`" in warning.message
    assert f"`{live}` is live" in warning.message
    assert warning.position is not None


@pytest.mark.parametrize(
    "registries",
    [
        in_fraud(aliases={"production": "absent", "Production": V0}),
        in_fraud(
            aliases={"production-2": V0, "production-b": V0, "reproduction": V0, "productio": V0, "production": V0}
        ),
        {"model-2": {"artifact_types": ["model"]}, "models-dev": {"artifact_types": ["model"]}},
        in_fraud(aliases={"gone": "absent"}, tags=[{"gone": "absent"}]),
        {"model": {"collections": {"gone": "absent", "fraud-rules-2": {"type": "model"}}}, "gone": "absent"},
    ],
)
def test_what_is_declared_beside_or_is_another_name_is_not(registries: Json) -> None:
    with world(SEED) as here:
        plan = here.plan(here.write_manifest({"apiVersion": "regsync/v1", "registries": registries}))
    assert "similar-live" not in {each.code for each in plan.warnings}


@pytest.mark.parametrize(
    ("one", "other"),
    [("v1-12", "v11-2"), ("v1-1", "v11"), ("10", "lo"), ("2024-1-11", "2024-11-1"), ("fraud", "fraud2"), ("a-1", "a1")],
)
def test_numbers_stay_what_they_are(one: str, other: str) -> None:
    assert alike_key(one) != alike_key(other)


@pytest.mark.parametrize(
    ("registries", "codes"),
    [
        ({"trained": {"previously": "gone"}}, ["previously-not-found"]),
        ({"trained": {"previously": ["gone", "Model"]}}, ["previously-not-found", "similar-live"]),
        ({"trained": {"previously": "gone"}, "other": {"previously": "away"}}, ["previously-not-found"] * 2),
        ({"trained": {"previously": "model"}}, []),
        ({"model": {"collections": {"rules": {"type": "model", "previously": "gone"}}}}, ["previously-not-found"]),
        (
            {"model": {"collections": {"rules": {"type": "model", "previously": "Fraud_Rules"}}}},
            ["previously-not-found", "similar-live"],
        ),
        ({"model": {"collections": {"rules": {"type": "model", "previously": "fraud-rules"}}}}, []),
    ],
)
def test_a_former_name_that_finds_nothing_is_told_with_what_it_may_mean(registries: Json, codes: list[str]) -> None:
    """Of a registry, too, that is the only one declared: the others are known by name only."""
    with world(SEED) as here:
        plan = here.plan(here.write_manifest({"apiVersion": "regsync/v1", "registries": registries}))
    assert sorted(each.code for each in plan.warnings) == codes
    assert all(each.position is not None and each.hint for each in plan.warnings)


@pytest.mark.parametrize(("alias", "warned"), [("prodction", True), ("production-2", False), ("staging", False)])
def test_an_alias_that_a_slip_keeps_from_being_protected(alias: str, warned: bool) -> None:
    block = {"protected_aliases": ["production"], "collections": {"fraud": {"aliases": {alias: V0, "production": V0}}}}
    with world(SEED) as here:
        plan = here.plan(here.write_manifest({"apiVersion": "regsync/v1", "registries": {"model": block}}))
    assert [each.code for each in plan.warnings] == ["similar-names"] * warned
