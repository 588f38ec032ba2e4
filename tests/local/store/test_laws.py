"""Laws of collections, tried with random histories: what the store does is what a page of plain Python says, at every step."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from regsync.local.store import aliases, artifacts, collections, events, links, metrics
from regsync.local.store.artifacts import Version
from regsync.local.store.errors import Conflict, Forbidden, NotFound, Refused
from tests.budget import examples
from tests.local.world import World, make_world

PROTECTED = "production"
ALIASES = st.sampled_from([PROTECTED, "staging", "canary"])
PEOPLE = st.sampled_from(["alice", "bob", "vera"])
VERSIONS = st.integers(0, 4)
COLLECTIONS = st.sampled_from(["one", "two"])


@dataclass
class Expected:
    """A collection as it should be: links by index, aliases by name."""

    links: dict[int, int] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    next_index: int = 0

    def index_of(self, version: int) -> int | None:
        return next((index for index, found in self.links.items() if found == version), None)

    def all_aliases(self) -> dict[str, int]:
        latest = {"latest": max(self.links)} if self.links else {}
        return self.aliases | latest


class Histories(RuleBasedStateMachine):
    """Five versions and two collections; an admin, a member and a viewer link, unlink, bind, unbind and delete."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="regsync-laws-")
        self.world: World = make_world(Path(self.folder.name) / "registry.db")
        self.world.registry("model")
        self.world.protect(PROTECTED)
        self.versions: list[Version] = self.world.log(count=5)
        self.deleted: set[int] = set()
        self.expected: dict[str, Expected] = {}
        self.losses: dict[int, float | None] = {}

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.store.close()
            self.folder.cleanup()

    def may(self, who: str, needs_admin: bool) -> bool:
        return who == "alice" or (who == "bob" and not needs_admin)

    @rule(who=PEOPLE, version=VERSIONS, names=st.lists(ALIASES, max_size=2), collection=COLLECTIONS)
    def link(self, who: str, version: int, names: list[str], collection: str) -> None:
        allowed = self.may(who, PROTECTED in names) and version not in self.deleted
        try:
            made = self.world.link(self.versions[version], names, collection=collection, by=who)
        except (Forbidden, Conflict):
            assert not allowed
            return
        assert allowed
        expected = self.expected.setdefault(collection, Expected())
        index = expected.index_of(version)
        if index is None:
            index = expected.next_index
            expected.links[index] = version
            expected.next_index += 1
        assert made.index == index
        expected.aliases.update(dict.fromkeys(names, index))

    @rule(who=PEOPLE, version=VERSIONS, collection=COLLECTIONS)
    def unlink(self, who: str, version: int, collection: str) -> None:
        expected = self.expected.get(collection, Expected())
        index = expected.index_of(version)
        allowed = index is not None and self.may(who, expected.aliases.get(PROTECTED) == index)
        try:
            self.world.unlink(self.versions[version], collection=collection, by=who)
        except (Forbidden, NotFound):
            assert not allowed
            return
        assert allowed
        assert index is not None
        del expected.links[index]
        expected.aliases = {name: held for name, held in expected.aliases.items() if held != index}

    @rule(who=PEOPLE, name=ALIASES, index=st.integers(0, 6), collection=COLLECTIONS)
    def set_alias(self, who: str, name: str, index: int, collection: str) -> None:
        expected = self.expected.get(collection, Expected())
        allowed = index in expected.links and self.may(who, name == PROTECTED)
        try:
            self.world.set_alias(name, index, collection=collection, by=who)
        except (Forbidden, NotFound):
            assert not allowed
            return
        assert allowed
        expected.aliases[name] = index

    @rule(who=PEOPLE, name=ALIASES, collection=COLLECTIONS)
    def remove_alias(self, who: str, name: str, collection: str) -> None:
        expected = self.expected.get(collection, Expected())
        allowed = name in expected.aliases and self.may(who, name == PROTECTED)
        try:
            self.world.remove_alias(name, collection=collection, by=who)
        except (Forbidden, NotFound):
            assert not allowed
            return
        assert allowed
        del expected.aliases[name]

    @rule(who=PEOPLE, version=VERSIONS)
    def delete_source(self, who: str, version: int) -> None:
        held = any(
            expected.links.get(expected.aliases.get(PROTECTED, -1)) == version for expected in self.expected.values()
        )
        try:
            self.world.write(
                lambda tx: artifacts.delete(tx, artifacts.by_id(tx, self.versions[version].id), with_aliases=True), who
            )
        except Refused:
            assert held or version in self.deleted
            return
        assert not held
        assert version not in self.deleted
        self.deleted.add(version)

    @rule(version=VERSIONS, loss=st.none() | st.sampled_from([1, 0.5, -2]))
    def measure(self, version: int, loss: float | None) -> None:
        if version in self.deleted:
            return
        metadata = {} if loss is None else {"val": {"loss": loss}}
        found = self.versions[version].id
        self.world.write(lambda tx: artifacts.set_metadata(tx, artifacts.by_id(tx, found), metadata), "alice")
        self.losses[version] = loss

    @rule(who=PEOPLE, collection=COLLECTIONS)
    def delete_collection(self, who: str, collection: str) -> None:
        expected = self.expected.get(collection)
        allowed = expected is not None and self.may(who, PROTECTED in expected.aliases)
        try:
            self.world.write(
                lambda tx: collections.delete(tx, self.world.get(tx), self.world.collection(tx, collection)), who
            )
        except (Forbidden, NotFound):
            assert not allowed
            return
        assert allowed
        del self.expected[collection]

    @invariant()
    def the_store_is_as_expected(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.world.store.read() as tx:
            there = collections.within(tx, self.world.get(tx))
            assert {each.name for each in there} == set(self.expected)
            for collection in there:
                expected = self.expected[collection.name]
                found = {link.index: link.artifact_id for link in links.of_collection(tx, collection)}
                assert found == {index: self.versions[version].id for index, version in expected.links.items()}
                assert aliases.of_collection(tx, collection) == expected.all_aliases()
                assert collection.next_index == expected.next_index
                measured = [
                    (loss, index)
                    for index, version in expected.links.items()
                    if (loss := self.losses.get(version)) is not None and version not in self.deleted
                ]
                for down in (False, True):
                    in_order = metrics.in_order(tx, collection, "val.loss", down=down, most=9)
                    assert [each.index for each in in_order] == [at for _, at in sorted(measured, reverse=down)]

    @invariant()
    def the_history_tells_where_every_alias_is(self) -> None:
        if not hasattr(self, "world"):
            return
        replayed: dict[str, int] = {}
        with self.world.store.read() as tx:
            for event in events.since(tx):
                if event.kind == "set-alias" and event.organization == "acme" and event.address.startswith("model/"):
                    assert replayed.get(event.address) == event.before
                    replayed[event.address] = event.after
                elif event.kind == "remove-alias":
                    assert replayed.pop(event.address) == event.before
        expected = {
            f"model/{name}:{alias}": index
            for name, collection in self.expected.items()
            for alias, index in collection.all_aliases().items()
        }
        assert replayed == expected


Histories.TestCase.settings = settings(max_examples=examples(25), stateful_step_count=25, deadline=None)
TestHistories = pytest.mark.share(Histories.TestCase)
