"""Many bindings at once are the same as one after the other, whatever the layout, with an overlay and without."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from regsync.diagnostics import RegsyncError
from regsync.manifest.editing.edit import Manifests, assign
from regsync.manifest.editing.splice import Pin
from regsync.manifest.editing.together import assign_all
from regsync.manifest.editing.written import Written
from regsync.manifest.reading.files import Source
from regsync.manifest.writing.render import to_manifest
from regsync.names import Address
from tests.budget import share
from tests.manifest.editing.messy import Messy

ALIASES = ["aa", "bb", "cc", "dd", "ee", "a-longer-name", "null", "1.5", "y es"]
WRITTEN = ["acme-ml/p/a:v1", "acme-ml/p/b:v2", "other/q/c:v3", "v4"]
WANTED = ["acme-ml/p/a:v7", "other/q/c:v8", "third/x/y:v1", "v0", "absent"]


def some_manifest(random: Random, *, overlay: bool) -> dict[str, Any]:
    def aliases() -> dict[str, Any]:
        names = random.sample(ALIASES, random.randint(1, 4))
        names = sorted(names) if random.random() < 0.5 else names
        pinned = {"version": "acme-ml/p/a:v1", "digest": "a" * 32}
        return {name: random.choice(WRITTEN) if random.random() < 0.8 else pinned for name in names}

    collections: dict[str, Any] = {}
    for name in random.sample(["c0", "c1", "c2"], random.randint(0, 3) if overlay else 3):
        kind = {"description": "of one environment"} if overlay else {"type": "model"}
        collections[name] = kind | ({"aliases": aliases()} if random.random() < 0.8 else {})
    registries = {"registries": {"model": {"collections": collections}}} if collections else {}
    return {"apiVersion": "regsync/v1", "organization": "acme", **registries}


def begun(random: Random) -> Written:
    def source(name: str, *, overlay: bool) -> Source:
        text = Messy(random).document(some_manifest(random, overlay=overlay))
        return Source(name, (text.replace("\n", "\r\n") if random.random() < 0.3 else text).encode(), "")

    overlays = (source("overlay.yaml", overlay=True),) if random.random() < 0.4 else ()
    manifests = Manifests((source("registry.yaml", overlay=False),), overlays)
    try:
        return Written(manifests, manifests.load())
    except RegsyncError:
        assume(False)
        raise


def texts(now: Written) -> list[str]:
    return [source.data.decode() for source in (*now.manifests.sources, *now.manifests.overlays)]


def is_pinned(now: Written, address: Address) -> bool:
    """Whether an alias has its digest beside it: without, it is one more text that others may be quoted like."""
    collection = now.loaded.desired.collection_at(address)
    return any(str(alias) == address.alias and item.digest for alias, item in (collection.aliases or {}).items())  # type: ignore[union-attr]


@share(80)
@given(st.integers(0, 2**32).map(Random))
def test_all_at_once_means_the_same_and_leaves_the_same_bytes(random: Random) -> None:
    now = expected = begun(random)
    bindings = {
        Address("model", collection, alias): Pin(random.choice(WANTED))
        for collection in ("c0", "c1", "c2")
        for alias in random.sample(ALIASES, random.randint(0, 6))
    }
    for address, pin in bindings.items():
        edit = assign(expected.manifests, expected.loaded, address, pin)
        manifests = expected.manifests.with_texts({name: text for name, (_, text) in edit.files.items()})
        expected = Written(manifests, edit.loaded)
    found = assign_all(now, bindings)
    assert found is not None
    assert to_manifest(found.loaded.desired) == to_manifest(expected.loaded.desired)
    if not any(is_pinned(now, address) for address in bindings):
        assert texts(found) == texts(expected)
