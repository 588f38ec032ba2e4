"""Taking out what is used up: the rest declares what it did, comments stay, whatever the layout."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regsync.diagnostics import DiagnosticsError, Position
from regsync.manifest.editing.prune import check_pruned, pruned
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.load import Loaded, load_sources
from regsync.manifest.reading.spans import comments
from tests.commands.inside import Cli
from tests.commands.living import MANIFEST, living

__all__ = ["living"]

ITEMS = [
    "remove-alias",
    "remove-alias=2",
    "{unlink-version: v3}",
    '{remove-alias: "old one"}',
    "'mass-change=4'",
    "{latest-moves: 2}",
]


def source(text: str) -> Source:
    data = text.encode()
    return Source("m.yaml", data, hashlib.sha256(data).hexdigest())


def loaded(text: str) -> Loaded:
    return load_sources([source(text)])


def consents(manifest: Loaded) -> dict[Position, str]:
    desired = manifest.desired
    registries = list(desired.registries.values())
    blocks = [desired, *registries, *(each for one in registries for each in (one.collections or {}).values())]
    return {each.origin: str(each) for block in blocks for each in block.consent}


def formers(manifest: Loaded) -> dict[Position, str]:
    registries = list(manifest.desired.registries.values())
    blocks = [*registries, *(each for one in registries for each in (one.collections or {}).values())]
    return {block.previously[0].origin: block.name for block in blocks if block.previously}


@st.composite
def blocks(draw: st.DrawFn, numbers: Any, indent: int) -> list[str]:
    """The lines of a block: what is pruned and what stays, in any order and layout, with comments everywhere."""
    pad = " " * indent

    def remark() -> str:
        return f" # c{next(numbers)}" if draw(st.booleans()) else ""

    def own() -> list[str]:
        return [f"{pad}# c{next(numbers)}"] if draw(st.booleans()) else []

    items = draw(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=4, unique=True))
    if {"remove-alias", "remove-alias=2"} <= set(items):
        items.remove("remove-alias")
    layout = draw(st.sampled_from(["flow", "block", "flow lines", "none"]))
    consent = {
        "flow": [f"{pad}consent: [{', '.join(items)}]{remark()}"],
        "block": [
            f"{pad}consent:{remark()}",
            *(line for item in items for line in (*own(), f"{pad}  - {item}{remark()}")),
        ],
        "flow lines": [
            f"{pad}consent: [{remark()}",
            *(f"{pad}  {item},{remark()}" for item in items),
            f"{pad}]{remark()}",
        ],
        "none": [],
    }[layout]
    former = {
        "one": [f"{pad}previously: old{next(numbers)}{remark()}"],
        "list": [f"{pad}previously: [a{next(numbers)}, 'b {next(numbers)}']{remark()}"],
        "lines": [f"{pad}previously:{remark()}", f"{pad}- a{next(numbers)}{remark()}", f"{pad}- b{next(numbers)}"],
        "none": [],
    }[draw(st.sampled_from(["one", "list", "lines", "none"]))]
    stays = [f"{pad}description: 'a # b'{remark()}"]
    parts = draw(st.permutations([consent, former, stays if draw(st.booleans()) else []]))
    return [line for part in parts for line in (*own(), *part)] + own()


@st.composite
def manifests(draw: st.DrawFn) -> str:
    numbers = itertools.count(1)
    lines = ["apiVersion: regsync/v1 # first", "registries:", "  model:"]
    inside = draw(blocks(numbers, 4))
    lines += [*inside, "    collections:"]
    for name in ("fraud", "'a b'"):
        inner = draw(blocks(numbers, 8))
        named = any(not line.lstrip().startswith("#") for line in inner)
        lines += [f"      {name}:" if named else f"      {name}: absent", *inner]
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    return ending.join(lines) + draw(st.sampled_from(["", ending]))


@settings(deadline=None, max_examples=150)
@given(manifests(), st.data())
def test_the_rest_stays_as_it_is(text: str, data: st.DataObject) -> None:
    before = loaded(text)
    all_consents, all_formers = consents(before), formers(before)
    gone = data.draw(st.sets(st.sampled_from(sorted([*all_consents, *all_formers]) or [Position("m.yaml", 0, 0)])))
    result = pruned(source(text), gone)
    after = loaded(result)
    check_pruned(before.desired, after.desired)
    assert Counter(consents(after).values()) == Counter(v for k, v in all_consents.items() if k not in gone)
    assert Counter(formers(after).values()) == Counter(v for k, v in all_formers.items() if k not in gone)
    assert Counter(comments(result)) == Counter(comments(text))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "registries: {m: {consent: [{remove-alias: a}], collections: {}}}\n",
            "registries: {m: {collections: {}}}\n",
        ),
        (
            "registries: {m: {collections: {}, consent: [{remove-alias: a}, {remove-alias: b}]}}\n",
            "registries: {m: {collections: {}}}\n",
        ),
        ("registries:\n  m: {consent: [remove-alias]}\n", "registries:\n  m: {}\n"),
        ("registries:\n  m:\n    consent:\n    - remove-alias # why\n", "registries:\n  m:\n    # why\n    {}\n"),
    ],
)
def test_the_last_entry_and_braces(before: str, after: str) -> None:
    text = f"apiVersion: regsync/v1\n{before}"
    assert pruned(source(text), consents(loaded(text))) == f"apiVersion: regsync/v1\n{after}"


def test_what_stands_in_two_places_is_refused() -> None:
    text = "apiVersion: regsync/v1\nconsent: &x [remove-alias]\nregistries: {m: {consent: *x}}\n"
    with pytest.raises(DiagnosticsError, match="repeats it elsewhere"):
        pruned(source(text), consents(loaded(text)))


PRUNABLE = """\
apiVersion: regsync/v1
organization: acme
registries:
  model:
    consent: [{delete-collection: churn-2022}, {remove-alias: fraud:shadow}] # ticket 7
    collections:
      fraud:
        previously: frauds
        aliases: {shadow: absent}
"""


def test_only_what_nothing_needs_goes(living: Cli) -> None:
    Path("registry.yaml").write_text(PRUNABLE, encoding="utf-8")
    shown = living("fmt", "--prune", "--check", "registry.yaml")
    assert shown.code == 1
    assert "-        previously: frauds" in shown.out
    assert Path("registry.yaml").read_text(encoding="utf-8") == PRUNABLE
    assert living("fmt", "--prune", "registry.yaml").code == 0
    kept = PRUNABLE.replace("{delete-collection: churn-2022}, ", "").replace("        previously: frauds\n", "")
    assert Path("registry.yaml").read_text(encoding="utf-8") == kept
    assert living("apply", "registry.yaml", "--auto-approve").code == 0
    assert "unused-consent" in living("plan", "registry.yaml").out
    assert living("fmt", "--prune", "registry.yaml").code == 0
    assert Path("registry.yaml").read_text(encoding="utf-8") == kept.replace(
        "    consent: [{remove-alias: fraud:shadow}] # ticket 7\n", "    # ticket 7\n"
    )
    assert "Warnings" not in living("plan", "registry.yaml").out
    assert living("fmt", "--prune", "--check", "registry.yaml").code == 0


def test_two_files_and_an_overlay_that_say_the_same(living: Cli) -> None:
    Path("models").mkdir()
    for name in ("a", "b"):
        Path(f"models/{name}.yaml").write_text(f"{MANIFEST}consent: [delete-registry]\n", encoding="utf-8")
    Path("over.yaml").write_text(
        "apiVersion: regsync/v1\nconsent:\n  - {delete-registry: old}\n  - remove-alias\n", encoding="utf-8"
    )
    assert living("fmt", "--prune", "models", "--overlay", "over.yaml").code == 0
    for name in ("a", "b"):
        assert Path(f"models/{name}.yaml").read_text(encoding="utf-8").count("consent") == 0
    assert Path("over.yaml").read_text(encoding="utf-8") == "apiVersion: regsync/v1\n"


def test_inputs_of_a_plan_go_with_prune_only(living: Cli) -> None:
    ran = living("fmt", "--var", "a=b", "registry.yaml")
    assert (ran.code, "go with --prune" in ran.err) == (1, True)
