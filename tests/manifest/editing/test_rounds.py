"""Many edits at once leave the file as they would one after the other, whatever its layout."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from regsync.diagnostics import Position, RegsyncError
from regsync.manifest.editing import fields, lists
from regsync.manifest.editing.edit import Manifests
from regsync.manifest.editing.rounds import Step, carried_out
from regsync.manifest.editing.written import Written, edit_of
from regsync.manifest.reading.files import Source
from regsync.manifest.reading.spans import comments
from regsync.manifest.reading.tree import parse
from regsync.manifest.writing.render import to_manifest
from regsync.names import Address
from tests.budget import share
from tests.manifest.editing.messy import Messy

POOL = ["one", "two", "three", "four", "five six"]


def some_manifest(random: Random) -> dict[str, Any]:
    def names() -> list[Any]:
        return [
            {name: "absent"} if random.random() < 0.2 else name for name in random.sample(POOL, random.randint(1, 5))
        ]

    def versions() -> list[str]:
        return [f"acme-ml/p/a:v{number}" for number in random.sample(range(9), random.randint(1, 6))]

    collections = {f"c{n}": {"type": "model", "tags": names(), "versions": versions()} for n in range(3)}
    registry = {"members": {"bob": "viewer", "carol": "member"}, "collections": collections}
    return {"apiVersion": "regsync/v1", "organization": "acme", "registries": {"model": registry}}


def some_steps(random: Random, now: Written) -> list[Step]:
    found: list[Step] = []
    registry = now.loaded.desired.registries["model"]  # type: ignore[index]
    for collection in (registry.collections or {}).values():
        place = Address("model", collection.name)
        for tag in random.sample(POOL, random.randint(0, 5)):
            listed = (collection.tags or {}).get(tag)  # type: ignore[call-overload]
            there = listed is not None and not listed.absent
            found.append((lists.unlisted if there else lists.listed)(place, "tags", tag))
    for name in random.sample(["bob", "carol", "dave", "eve"], random.randint(0, 4)):
        found.append(fields.member(Address("model"), name, random.choice(["viewer", "admin", None])))
    return found


def text_of(written: Written) -> str:
    return written.manifests.sources[0].data.decode()


def begun(random: Random) -> Written:
    text = Messy(random).document(some_manifest(random))
    text = text.replace("\n", "\r\n") if random.random() < 0.3 else text
    assume(not parse(text.encode(), "m").diagnostics)
    manifests = Manifests((Source("registry.yaml", text.encode(), ""),))
    try:
        return Written(manifests, manifests.load())
    except RegsyncError:
        assume(False)
        raise


@share(200)
@given(st.integers(0, 2**32).map(Random))
def test_all_at_once_is_one_after_the_other(random: Random) -> None:
    now = begun(random)
    steps = some_steps(random, now)
    expected = now
    try:
        for step in steps:
            expected = carried_out(expected, [step])
    except RegsyncError:
        assume(False)
    found = carried_out(now, steps)
    assert to_manifest(found.loaded.desired) == to_manifest(expected.loaded.desired)
    assert Counter(comments(text_of(found))) == Counter(comments(text_of(expected)))


@share(200)
@given(st.integers(0, 2**32).map(Random))
def test_what_goes_by_a_position_is_found_where_others_have_moved_it(random: Random) -> None:
    now = begun(random)
    places: dict[Position, tuple[str, str]] = {}
    for collection in (now.loaded.desired.registries["model"].collections or {}).values():  # type: ignore[index]
        for version in collection.versions or ():
            if random.random() < 0.6:
                places[version.origin] = (collection.name, str(version.ref))
    steps = [lists.not_linked(position) for position in places]
    random.shuffle(steps)
    steps += some_steps(random, now)
    try:
        after = carried_out(now, steps).loaded.desired
    except RegsyncError:
        assume(False)
        return
    for collection in (after.registries["model"].collections or {}).values():  # type: ignore[index]
        before = (now.loaded.desired.registries["model"].collections or {})[collection.name].versions or ()  # type: ignore[index]
        kept = [str(each.ref) for each in before if each.origin not in places]
        assert [str(each.ref) for each in collection.versions or ()] == kept


def test_a_large_file_is_shown_by_what_changed() -> None:
    lines = ["apiVersion: regsync/v1", "organization: acme", "registries:", "  model:", "    collections:"]
    for number in range(900):
        lines += [f"      c{number}:", "        type: model", f"        tags: [t{number}, all]"]
    manifests = Manifests((Source("m.yaml", ("\n".join(lines) + "\n").encode(), ""),))
    now = Written(manifests, manifests.load())
    steps = [lists.unlisted(Address("model", f"c{number}"), "tags", "all") for number in (3, 700)]
    touched = edit_of(manifests, carried_out(now, steps)).touched
    assert [(each.before, each.after) for each in touched] == [
        ([f"        tags: [t{number}, all]"], [f"        tags: [t{number}]"]) for number in (3, 700)
    ]
    assert [each.line for each in touched] == [lines.index(f"      c{number}:") + 3 for number in (3, 700)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[one, two, ]", "[]"),
        ("[one,\n  two, # last\n  ]", "[\n   # last\n  ]"),
        ("[one,]", "[]"),
        ("[one, two, three,]", "[three,]"),
    ],
)
def test_a_comma_behind_the_last_item_goes_with_it(before: str, after: str) -> None:
    text = f"registries:\n model:\n  collections:\n   c:\n    type: model\n    tags: {before}\n"
    text = f"apiVersion: regsync/v1\norganization: acme\n{text}"
    manifests = Manifests((Source("m.yaml", text.encode(), ""),))
    steps = [lists.unlisted(Address("model", "c"), "tags", name) for name in ("one", "two")]
    found = carried_out(Written(manifests, manifests.load()), steps)
    assert text_of(found).partition("tags: ")[2].replace("[ ]", "[]") == f"{after}\n"
