"""Importing from a real registry file, and making an empty one like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from regsync.backends import open_reader
from regsync.manifest.writing.from_live import Content, a_file_a_collection, a_file_a_registry
from regsync.planning.live import read_live
from tests.budget import share
from tests.laws.run import World, world
from tests.laws.worlds import BASE, live_worlds

SLOW = share(25, suppress_health_check=[HealthCheck.too_slow])


def imported(there: World, form: Any, content: Content) -> dict[str, str]:
    with open_reader(there.spec, None, lambda _: None) as reader:
        if not reader.registry_names():
            return {}
        live, wanted = read_live(reader, [], members=content.members)
        files: dict[str, str] = form(live, wanted, "acme", content).files
    return files


def write(there: World, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = there.folder / "manifests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return there.folder / "manifests"


@SLOW
@given(live_worlds(), st.sampled_from([a_file_a_registry, a_file_a_collection]), st.booleans())
def test_an_import_planned_at_once_and_bootstrapped_elsewhere(seed: Any, form: Any, digests: bool) -> None:
    content = Content(digests, members=False)
    with world(seed) as there, world(BASE) as first, world(BASE) as second:
        files = imported(there, form, content)
        if not files:
            return
        assert not there.plan(write(there, files)).operations, "planning an import is empty"
        for empty in (first, second):
            applied = empty.apply(empty.plan(write(empty, files)))
            assert applied.receipt is not None
            assert applied.receipt.exit_code == 0
        assert imported(first, form, content) == files, "the new registry is like the old one, byte for byte"
        everything = Content(digests)
        assert imported(first, form, everything) == imported(second, form, everything), "and like any other made so"
