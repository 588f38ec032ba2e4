"""Consent by name: it holds for what it names and for nothing else, wherever it stands."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regsync.core.consent import MOST_NAMED
from regsync.core.desired import HazardName, quoted
from tests.core.making import collection, live, plan, version

NAMES = ["b", "c", "old one", "yes", "1.5", "a: b", "#x", "v 1", "ü", "- d", "${x}"]
LIVE = live(
    collection("v0", "v1", aliases=dict.fromkeys(["a", *NAMES], 0)),
    collection("v0", aliases={"b": 0}, name="other"),
    protected=("a",),
)
SCOPES = ["", "model", "model/fraud"]


def manifest(removed: list[str], consents: list[str], scope: str) -> str:
    """Removals in model/fraud, and consents in one scope."""
    given_ = f"consent: [{', '.join(consents)}]"
    aliases = ", ".join(f"{quoted(name).replace('${', '$${')}: absent" for name in removed)
    inside = f"type: model, aliases: {{{aliases}}}" + (f", {given_}" if scope == "model/fraud" else "")
    block = f"collections: {{fraud: {{{inside}}}}}" + (f", {given_}" if scope == "model" else "")
    return f"registries: {{model: {{{block}}}}}\n" + (f"{given_}\n" if scope == "" else "")


def named(name: str, scope: str) -> str:
    prefix = {"": "model/fraud:", "model": "fraud:", "model/fraud": ""}[scope]
    return f"{{remove-alias: {quoted(prefix + name).replace('${', '$${')}}}"


NAMED = [name for name in NAMES if ":" not in name and "$" not in name]


@settings(deadline=None, max_examples=120)
@given(
    removed=st.lists(st.sampled_from(NAMED), min_size=1, unique=True),
    consented=st.lists(st.sampled_from(NAMED), unique=True),
    number=st.none() | st.integers(1, 4) | st.just("any"),
    scope=st.sampled_from(SCOPES),
)
def test_names_first_and_then_the_number(
    removed: list[str], consented: list[str], number: int | str | None, scope: str
) -> None:
    """What is named is covered, and a number holds for all of the rest or for none of it; what covers nothing is unused."""
    consents = [named(name, scope) for name in consented]
    consents += [] if number is None else ["remove-alias" if number == "any" else f"remove-alias={number}"]
    rest = set(removed) - set(consented)
    covered = number == "any" or (isinstance(number, int) and len(rest) <= number)
    with tempfile.TemporaryDirectory() as folder:
        result = plan(Path(folder), manifest(removed, consents, scope), LIVE)
        (hazard,) = [each for each in result.hazards if each.name is HazardName.REMOVE_ALIAS]
        assert (hazard.count, hazard.open) == (len(removed), 0 if covered else len(rest))
        unused = sum(each.code == "unused-consent" for each in result.warnings)
        assert unused == len(set(consented) - set(removed)) + (number is not None and not rest)


@settings(deadline=None, max_examples=60)
@given(removed=st.lists(st.sampled_from(NAMED), min_size=1, max_size=5, unique=True), more=st.sampled_from(NAMED))
def test_what_is_asked_for_allows_this_and_nothing_more(removed: list[str], more: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        refused = plan(Path(folder), manifest(removed, [], "model/fraud"), LIVE)
        (ask,) = refused.missing_consents
        allowed = plan(Path(folder), manifest(removed, list(ask.items), "model/fraud"), LIVE)
        again = (
            plan(Path(folder), manifest([*removed, more], list(ask.items), "model/fraud"), LIVE)
            if more not in removed
            else None
        )
    hazards = [each.open for each in allowed.hazards if each.name is HazardName.REMOVE_ALIAS]
    assert hazards == [0]
    if again is not None:
        assert [each.open for each in again.hazards if each.name is HazardName.REMOVE_ALIAS] == [1]


def test_a_name_holds_in_its_own_block_only(tmp_path: Path) -> None:
    body = """\
registries:
  model:
    collections:
      fraud: {aliases: {b: absent}, consent: [{remove-alias: b}]}
      other: {aliases: {b: absent}}
"""
    result = plan(tmp_path, body, LIVE)
    assert [(each.count, each.open) for each in result.hazards] == [(2, 1)]
    assert [ask.instruction for ask in result.missing_consents] == [
        f"write consent: [{{remove-alias: b}}] in the block of model/other, which begins at {tmp_path}/registry.yaml:7"
    ]


@pytest.mark.parametrize(
    ("body", "item", "where"),
    [
        ("fraud: absent", "{delete-collection: fraud}", "in the block of model"),
        ("fraud: {aliases: {a: absent}}", "{remove-protected-alias: a}", "in the block of model/fraud"),
        (
            "fraud: {versions: [{v1: absent}]}",
            "{unlink-version: acme-ml/fraud/detector:v1}",
            "in the block of model/fraud",
        ),
        ("fraud: {consent: [latest-moves], aliases: {b: absent}}", "{remove-alias: b}", "to the list at"),
    ],
)
def test_where_it_goes(tmp_path: Path, body: str, item: str, where: str) -> None:
    result = plan(tmp_path, f"registries: {{model: {{collections: {{{body}}}}}}}\n", LIVE)
    (ask,) = result.missing_consents
    assert item in ask.items
    assert ask.where.startswith(where)


def test_a_version_may_be_named_by_its_index(tmp_path: Path) -> None:
    body = "registries: {model: {collections: {fraud: {versions: [{v1: absent}], consent: [{unlink-version: v1}, latest-moves]}}}}\n"
    assert plan(tmp_path, body, LIVE).applyable


def test_a_whole_list_of_names_becomes_a_number(tmp_path: Path) -> None:
    """Nobody reviews two hundred names; the number stands in for a smaller one that is there already."""
    many = {f"x{number}": 0 for number in range(MOST_NAMED + 1)}
    found = live(collection("v0", aliases={**many, "keep": 0}))
    aliases = ", ".join(f"{name}: absent" for name in many)
    body = f"registries: {{model: {{collections: {{fraud: {{consent: [remove-alias=2], aliases: {{{aliases}}}}}}}}}}}\n"
    (ask, *others) = plan(tmp_path, body, found).missing_consents
    assert others == []
    assert (ask.items, ask.replaces) == (("remove-alias=21", "mass-change=21"), ("remove-alias=2",))


def test_a_bound_that_is_broken_is_consented_to_for_one_version() -> None:
    """`metric-bound` is about the version, so that the next one asks again; `tests/golden/cases/metric-bound` shows it."""
    text = (Path(__file__).parents[1] / "golden/cases/metric-bound/plan.txt").read_text("utf-8")
    assert "{metric-bound: acme-ml/fraud/detector:v2}" in text


def test_versions_are_called_by_their_source() -> None:
    assert quoted(version("v1").source) == "acme-ml/fraud/detector:v1"


@pytest.mark.parametrize(
    "name",
    [*NAMES, "on", "NULL", "absent", "[a]", "{a: b}", "a, b", "a #b", "'", '"', "\\", "~", "=", "0x1F", "2024-01-31"],
)
def test_what_is_to_be_pasted_is_read_as_it_was_meant(name: str) -> None:
    import yaml

    assert yaml.safe_load(f"consent: [{{remove-alias: {quoted(name)}}}]") == {"consent": [{"remove-alias": name}]}
