"""Keeping theirs: whatever differs, one edit in place makes the next plan empty, and comments stay. Over generated layouts."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from regsync.backends.local.reading import LocalReader
from regsync.core.operation import Operation
from regsync.diagnostics import DiagnosticsError, RegsyncError
from regsync.manifest.editing.edit import Edit, Manifests
from regsync.manifest.editing.keep import keep
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.spans import comments
from regsync.manifest.reading.tree import parse
from regsync.planning.making import plan_manifests
from tests.backends.wandb.worlds import PEOPLE, write_world
from tests.manifest.editing.messy import Messy

DETECTOR = "acme-ml/fraud/detector"
SEED: dict[str, Any] = {
    **PEOPLE,
    "registries": {
        "model": {
            "description": 'what it is\nin two lines, with ${signs} and: "quotes" # no comment',
            "artifact_types": ["model", "dataset"],
            "protected_aliases": ["production", "legacy"],
            "members": {"bob": "viewer", "carol": "member"},
            "collections": {
                "fraud": {
                    "type": "model",
                    "description": "it's live",
                    "tags": ["one", "two", "three"],
                    "versions": [f"{DETECTOR}:v{number}" for number in (2, 0, 1)],
                    "aliases": {"production": "v0", "staging": "v1", "old one": "v2"},
                },
                "rows": {"type": "dataset", "versions": ["acme-ml/fraud/rows:v0"], "aliases": {"gold": "v0"}},
            },
        }
    },
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalReader]:
    file = write_world(tmp_path_factory.mktemp("keep") / "registry.db", SEED)
    with LocalReader(file, "acme") as opened:
        yield opened


def operations(manifests: Manifests, reader: LocalReader) -> tuple[Operation, ...]:
    return plan_manifests(manifests.load(), reader).plan.operations


def some_manifest(random: Random, digests: dict[int, str]) -> dict[str, Any]:
    """Declares some of it, right or wrong, in every way that it can be written."""

    def chance(share: float = 0.5) -> bool:
        return random.random() < share

    def version() -> Any:
        number = random.choice([0, 1, 2, 2, 3, 4])
        source = f"${{team}}/fraud/detector:v{number}" if chance() else f"{DETECTOR}:v{number}"
        kind = random.random()
        if kind < 0.15:
            return "absent"
        if kind < 0.35:
            return f"v{random.choice([0, 1, 2])}"
        return {"version": source, "digest": digests[number]} if kind < 0.55 else source

    def names(pool: list[str]) -> list[Any]:
        chosen = random.sample(pool, random.randint(1, len(pool)))
        return [{name: "absent"} if chance(0.3) else name for name in chosen]

    fraud: dict[str, Any] = {"type": "model"}
    aliases = random.sample(["production", "staging", "old one", "new", "shadow"], random.randint(1, 5))
    fraud["aliases"] = {alias: version() for alias in aliases}
    if chance():
        fraud["tags"] = names(["one", "two", "three", "four", "five six"])
    if chance():
        fraud["description"] = random.choice(["another", "two\nlines", "it's live", ""])
    if chance(0.4):
        fraud["versions"] = [f"{DETECTOR}:v{number}" for number in random.sample(range(6), random.randint(1, 4))]
    if chance(0.3):
        fraud["unlisted"] = dict.fromkeys(random.sample(["aliases", "tags", "versions"], 2), "remove")
    registry: dict[str, Any] = {"collections": {"fraud": fraud}}
    if chance(0.4):
        registry["members"] = {
            name: random.choice(["viewer", "member", "admin", "absent"]) for name in random.sample(["bob", "carol"], 1)
        }
    if chance(0.3):
        registry["description"] = "short"
    if chance(0.3):
        registry["protected_aliases"] = names(["production", "legacy", "canary"])
    if chance(0.3):
        registry["artifact_types"] = random.sample(["model", "dataset", "other", "more"], 2)
        if "model" not in registry["artifact_types"]:
            registry["artifact_types"].append("model")
    items = list(registry.items())
    random.shuffle(items)
    head = {"apiVersion": "regsync/v1", "organization": "acme", "variables": {"team": "acme-ml"}}
    return {**head, "registries": {"model": dict(items)}}


def written(edit: Edit, read: Manifests) -> Manifests:
    return read.with_texts({name: text for name, (_, text) in edit.files.items()})


@pytest.fixture(scope="module")
def digests(reader: LocalReader) -> dict[int, str]:
    from regsync.names import SourceRef

    refs = [SourceRef("acme-ml", "fraud", "detector", f"v{number}") for number in range(6)]
    return {number: found.digest for number, (_, found) in enumerate(sorted(reader.resolve(refs).items()))}  # type: ignore[union-attr]


@settings(deadline=None)
@given(st.integers(0, 2**32).map(Random))
def test_whatever_differs_is_kept_and_the_next_plan_is_empty(
    reader: LocalReader, digests: dict[int, str], random: Random
) -> None:
    text = Messy(random).document(some_manifest(random, digests))
    text = text.replace("\n", "\r\n") if random.random() < 0.3 else text
    assume(not parse(text.encode(), "m").diagnostics)
    read = Manifests((Source("registry.yaml", text.encode(), ""),))
    try:
        before = operations(read, reader)
    except DiagnosticsError:
        assume(False)
        return
    edit = keep(read, read.load(), before)
    after = written(edit, read)
    assert operations(after, reader) == ()
    new = after.sources[0].data.decode()
    assert ("\r\n" in new) == ("\r\n" in text)
    lost = [comment for comment in comments(text) if comment not in comments(new)]
    gone = {line.strip() for touched in edit.touched for line in touched.before}
    assert all(any(comment in line for line in gone) for comment in lost), "a comment goes only with the line that goes"
    if not before:
        assert new == text


def one(reader: LocalReader, text: str) -> str:
    head = "apiVersion: regsync/v1\norganization: acme\nvariables: {team: acme-ml}\nregistries:\n  model:\n"
    read = Manifests((Source("registry.yaml", (head + text).encode(), ""),))
    edit = keep(read, read.load(), operations(read, reader))
    after = written(edit, read)
    assert operations(after, reader) == ()
    return after.sources[0].data.decode().removeprefix(head)


def in_fraud(reader: LocalReader, *lines: str) -> list[str]:
    head = "    collections:\n      fraud:\n        type: model\n"
    text = head + "".join(f"        {line}\n" for line in lines)
    return [line.removeprefix("        ") for line in one(reader, text).removeprefix(head).splitlines()]


def test_a_version_is_written_as_it_was(reader: LocalReader, digests: dict[int, str]) -> None:
    assert in_fraud(
        reader,
        "aliases:",
        "  production: ${team}/fraud/detector:v5   # the one",
        "  staging: v0  # by its number here",
        f"  old one: {{version: '{DETECTOR}:v4', digest: {digests[4]}}}",
    ) == [
        "aliases:",
        "  production: ${team}/fraud/detector:v2   # the one",
        "  staging: v1  # by its number here",
        f"  old one: {{version: '{DETECTOR}:v1', digest: {digests[1]}}}",
    ]


def test_what_is_not_there_is_absent_and_what_was_to_be_absent_is_bound(reader: LocalReader) -> None:
    assert in_fraud(reader, "aliases:", "  new: v1 # n", "  production: absent # p") == [
        "aliases:",
        "  new: absent # n",
        f"  production: {DETECTOR}:v2 # p",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tags: [one, four, two]", "tags: [one, two]"),
        ("tags: [four]", "tags: []"),
        ("tags: [{one: absent}, two] # t", "tags: [one, two] # t"),
        ("tags: [one, four] # t", "tags: [one] # t"),
        ("description: old # d", "description: it's live # d"),
        ("description: 'old'", "description: 'it''s live'"),
        ("unlisted: {tags: remove}", "unlisted: {tags: remove}"),
    ],
)
def test_one_line(reader: LocalReader, before: str, after: str) -> None:
    assert in_fraud(reader, before) == [after]


def test_a_list_with_an_item_a_line(reader: LocalReader) -> None:
    assert in_fraud(
        reader, "tags:", "  - one # 1", "  # about four", "  - four # 4", "  - two", "unlisted: {tags: remove}"
    ) == ["tags:", "  - one # 1", "  # about four", "  - two", "  - three", "unlisted: {tags: remove}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["tags: [one, # 1", "  two # 2", "]"], ["tags: [one, # 1", "  two, # 2", "  three", "]"]),
        (["tags: [", "  one, # 1", "  two, # 2", "]"], ["tags: [", "  one, # 1", "  two, # 2", "  three,", "]"]),
        (["tags: [ one # 1", "      , two # 2", "]"], ["tags: [ one # 1", "      , two # 2", "      , three", "]"]),
        (["tags: [one, two] # 2"], ["tags: [one, two, three] # 2"]),
    ],
)
def test_a_comment_stays_with_its_item_in_brackets(reader: LocalReader, before: list[str], after: list[str]) -> None:
    unlisted = "unlisted: {tags: remove}"
    assert in_fraud(reader, *before, unlisted) == [*after, unlisted]


def test_what_stands_on_several_lines(reader: LocalReader) -> None:
    assert in_fraud(reader, "description: |", "  old", "  text", "tags: [one]") == [
        "description: it's live",
        "tags: [one]",
    ]


def overlaid(reader: LocalReader, base: str, over: str) -> dict[str, str]:
    head = "apiVersion: regsync/v1\norganization: acme\n"
    read = Manifests(
        (Source("base.yaml", (head + base).encode(), ""),), (Source("prod.yaml", (head + over).encode(), ""),)
    )
    edit = keep(read, read.load(), operations(read, reader))
    assert operations(written(edit, read), reader) == ()
    return {name: text.removeprefix(head) for name, (_, text) in edit.files.items()}


BASE = f"registries: {{model: {{collections: {{fraud: {{type: model, tags: [one, four], aliases: {{production: {DETECTOR}:v4}}}}}}}}}}\n"


def test_what_all_environments_share_is_not_edited_for_one(reader: LocalReader) -> None:
    over = "registries: {model: {collections: {fraud: {description: it's live}}}}\n"
    changed = overlaid(reader, BASE, over)
    assert changed.keys() == {"prod.yaml"}
    assert "four: absent" in changed["prod.yaml"] and f"{DETECTOR}:v2" in changed["prod.yaml"]


def test_an_overlay_without_room_for_it_is_an_error(reader: LocalReader) -> None:
    base = "registries: {model: {members: {bob: admin}}}\n"
    with pytest.raises(RegsyncError, match="shared by all environments"):
        overlaid(reader, base, "registries: {model: {collections: {}}}\n".replace("{model: {collections: {}}}", "{}"))


def test_what_cannot_be_edited_in_place_is_said(reader: LocalReader) -> None:
    with pytest.raises(RegsyncError, match="create-collection cannot be kept"):
        one(reader, "    collections: {brand-new: {type: model}}\n")
