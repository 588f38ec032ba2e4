"""Law: the fast way of planting makes what the registry's own functions make, one call at a time."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from regsync.local.seed.artifacts import MADE_UP_FILE
from regsync.local.seed.planting import plant
from regsync.local.seed.reader import parse_seed
from regsync.local.store import (
    accounts,
    aliases,
    artifacts,
    collections,
    contents,
    events,
    links,
    projects,
    registries,
    sequences,
)
from regsync.local.store.database import Store, create_store
from regsync.names import SourceRef
from tests.budget import share
from tests.local.world import Ticking

NAMES = st.sampled_from(["production", "staging", "canary"])


@st.composite
def seeds(draw: st.DrawFn) -> dict[str, Any]:
    counts = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    world: dict[str, Any] = {"organization": "acme", "teams": {"ml": []}, "artifacts": {}, "registries": {}}
    for number, count in enumerate(counts):
        versions: Any = [
            {"aliases": draw(st.lists(NAMES, max_size=2, unique=True)), "ttl_days": draw(st.sampled_from([1, 30]))}
            for _ in range(count)
        ]
        world["artifacts"][f"ml/p/a{number}"] = {"type": "model", "versions": versions}
    sources = [f"ml/p/a{number}:v{index}" for number, count in enumerate(counts) for index in range(count)]
    for registry in draw(st.lists(st.sampled_from(["one", "two"]), unique=True)):
        held = {}
        for collection in draw(st.lists(st.sampled_from(["x", "y", "z"]), unique=True)):
            held[collection] = {
                "type": "model",
                "tags": draw(st.lists(st.sampled_from(["a", "b"]), unique=True)),
                "versions": draw(st.lists(st.sampled_from(sources), unique=True)),
                "aliases": draw(st.dictionaries(NAMES, st.sampled_from(sources))),
            }
        world["registries"][registry] = {"protected_aliases": draw(st.lists(NAMES, unique=True)), "collections": held}
    return world


def by_hand(store: Store, world: dict[str, Any]) -> None:
    """The same world through the functions that commands and servers use."""
    with store.write() as tx:
        acme = accounts.add_organization(tx, "acme")
        accounts.add_team(tx, acme, "ml")
        project = projects.ensure(tx, "ml", "p")
        for path, artifact in world["artifacts"].items():
            for number, version in enumerate(artifact["versions"]):
                staged = {MADE_UP_FILE: contents.stage_bytes(store, f"{path} v{number}\n".encode())}
                ttl = version["ttl_days"] * 86400
                sequences.log(tx, project, path[5:], "model", files=staged, names=version["aliases"], ttl_seconds=ttl)
        for name, registry in world["registries"].items():
            made = registries.create(tx, acme, name)
            for alias in registry["protected_aliases"]:
                registries.protect(tx, made, alias)
            for each, collection in registry["collections"].items():
                created = collections.create(tx, made, each, "model")
                collections.add_tags(tx, created, collection["tags"])
                later = sorted(set(collection["aliases"].values()) - set(collection["versions"]), key=_order)
                for source in (*collection["versions"], *later):
                    links.link(tx, made, each, artifacts.resolve(tx, _ref(source)))
                for alias, source in collection["aliases"].items():
                    found = links.find(tx, created, artifacts.resolve(tx, _ref(source)).id)
                    assert found is not None
                    aliases.set_aliases(tx, created, found.index, [alias])


def _ref(source: str) -> SourceRef:
    entity, project, rest = source.split("/")
    name, _, version = rest.partition(":")
    return SourceRef(entity, project, name, version)


def _order(source: str) -> tuple[str, int]:
    path, _, number = source.partition(":v")
    return path, int(number)


def normal(store: Store) -> dict[str, object]:
    """All rows, without what may differ: times, the keys of rows that are found by name, and the order of events."""
    with store.read() as tx:
        told = [(e.kind, e.address, e.after) for e in events.since(tx) if not e.address.endswith(":latest")]
        final = {(e.address, repr(e.after)) for e in events.since(tx) if e.kind != "set-alias"}
        return {
            "versions": [
                tuple(row)
                for row in tx.all(
                    "SELECT id, sequence_id, version_index, digest, size, file_count, metadata, ttl_seconds, state FROM artifacts"
                )
            ],
            "files": sorted(
                map(tuple, tx.all("SELECT artifact_id, path, digest, size, content_md5 FROM artifact_files"))
            ),
            "links": sorted(
                map(
                    tuple,
                    tx.all(
                        """SELECT p.name, c.name, c.kind, c.next_index, m.version_index, m.artifact_id FROM memberships m
                   JOIN collections c ON c.id = m.collection_id JOIN projects p ON p.id = c.project_id"""
                    ),
                )
            ),
            "aliases": sorted(
                map(
                    tuple,
                    tx.all(
                        """SELECT p.name, c.name, a.name, m.version_index FROM aliases a JOIN memberships m ON m.id = a.membership_id
                   JOIN collections c ON c.id = a.collection_id JOIN projects p ON p.id = c.project_id"""
                    ),
                )
            ),
            "collections": sorted(
                map(tuple, tx.all("SELECT project_id, kind, name, description, next_index FROM collections"))
            ),
            "tags": sorted(
                map(
                    tuple,
                    tx.all("SELECT c.name, t.tag FROM collection_tags t JOIN collections c ON c.id = t.collection_id"),
                )
            ),
            "protected": sorted(map(tuple, tx.all("SELECT project_id, alias FROM registry_protected_aliases"))),
            "kinds": sorted(
                (kind, address) for kind, address, _ in told if kind in {"log-version", "link-version", "set-ttl"}
            ),
            "links told": sorted(each for each in final if ":v" in each[0]),
        }


def check_same(world: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="regsync-") as name:
        fast, _ = create_store(Path(name) / "fast.db", clock=Ticking())
        slow, _ = create_store(Path(name) / "slow.db", clock=Ticking())
        try:
            seed = parse_seed(yaml.safe_dump(world, sort_keys=False).encode(), "seed.yaml")
            plant(fast, seed)
            by_hand(slow, world)
            assert normal(fast) == normal(slow)
            again = plant(fast, seed)
            assert not again.made
            assert not again.notes
        finally:
            fast.close()
            slow.close()


@share(40)
@given(seeds())
def test_planting_by_the_thousand_makes_what_single_calls_make(world: dict[str, Any]) -> None:
    check_same(world)


def test_versions_that_only_aliases_name_are_linked_in_the_order_of_their_sources() -> None:
    """Whatever the order of the aliases, and counted: v10 comes after v2."""
    names = {"production": "ml/p/b:v0", "canary": "ml/p/a:v10", "staging": "ml/p/a:v2"}
    version = {"aliases": [], "ttl_days": 1}
    check_same(
        {
            "organization": "acme",
            "teams": {"ml": []},
            "artifacts": {
                "ml/p/a": {"type": "model", "versions": [version] * 11},
                "ml/p/b": {"type": "model", "versions": [version]},
            },
            "registries": {
                "one": {
                    "protected_aliases": [],
                    "collections": {"x": {"type": "model", "tags": [], "versions": [], "aliases": names}},
                }
            },
        }
    )
