"""A small organization in a registry file, for the tests to act in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from regsync.local.store import (
    accounts,
    aliases,
    artifacts,
    collections,
    contents,
    links,
    projects,
    registries,
    sequences,
)
from regsync.local.store.actor import OWNER, Actor
from regsync.local.store.artifacts import Version
from regsync.local.store.collections import Collection
from regsync.local.store.database import Store, Transaction, create_store
from regsync.local.store.links import Link
from regsync.local.store.registries import Registry
from regsync.names import Role, SourceRef

T = TypeVar("T")
PEOPLE = {"alice": Role.ADMIN, "bob": Role.MEMBER, "vera": Role.VIEWER}
"""By their role in the organization acme. Everybody is in the team acme-ml. `mallory` is in the organization other."""


def key_of(name: str) -> str:
    """The API key of a user of the world."""
    return f"{name}-key-for-the-local-registry-".ljust(44, "0")


@dataclass
class Ticking:
    """A clock that moves one second each time it is read, so that two runs see the same times."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class World:
    """The store, and short forms of what tests do most. Everything acts as the owner of the file unless `by` says otherwise."""

    store: Store
    actors: dict[str, Actor] = field(default_factory=dict)

    def read(self, function: Callable[[Transaction], T], by: str | None = None) -> T:
        with self.store.read(self.actor(by)) as tx:
            return function(tx)

    def write(self, function: Callable[[Transaction], T], by: str | None = None) -> T:
        with self.store.write(self.actor(by)) as tx:
            return function(tx)

    def actor(self, name: str | None) -> Actor:
        return OWNER if name is None else self.actors[name]

    def log(
        self, name: str = "detector", count: int = 1, entity: str = "acme-ml", type_: str = "model"
    ) -> list[Version]:
        """Log versions with one small file each, in the project `fraud`."""

        def act(tx: Transaction) -> list[Version]:
            project = projects.ensure(tx, entity, "fraud")
            found = sequences.find(tx, project, name)
            start = found.next_index if found else 0
            made = []
            for number in range(start, start + count):
                staged = contents.stage_bytes(self.store, f"{entity} {name} {number}".encode())
                made.append(sequences.log(tx, project, name, type_, files={"data.txt": staged})[0])
            return made

        return self.write(act)

    def registry(self, name: str = "model", **settings: object) -> Registry:
        return self.write(lambda tx: registries.create(tx, self.acme(tx), name, **settings))  # type: ignore[arg-type]

    def acme(self, tx: Transaction) -> accounts.Organization:
        return accounts.organization(tx, "acme")

    def get(self, tx: Transaction, name: str = "model") -> Registry:
        return registries.get(tx, self.acme(tx), name)

    def collection(self, tx: Transaction, name: str = "fraud", registry: str = "model") -> Collection:
        return collections.get(tx, self.get(tx, registry), name)

    def link(
        self, version: Version, names: list[str] | None = None, *, collection: str = "fraud", by: str | None = None
    ) -> Link:
        return self.write(lambda tx: links.link(tx, self.get(tx), collection, version, names or [])[0], by)

    def unlink(self, version: Version, *, collection: str = "fraud", by: str | None = None) -> None:
        self.write(lambda tx: links.unlink(tx, self.get(tx), self.collection(tx, collection), version), by)

    def set_alias(self, name: str, index: int, *, collection: str = "fraud", by: str | None = None) -> None:
        self.write(lambda tx: aliases.set_aliases(tx, self.collection(tx, collection), index, [name]), by)

    def remove_alias(self, name: str, *, collection: str = "fraud", by: str | None = None) -> None:
        self.write(lambda tx: aliases.remove_aliases(tx, self.collection(tx, collection), [name]), by)

    def protect(self, *names: str, by: str | None = None) -> None:
        def act(tx: Transaction) -> None:
            for name in names:
                registries.protect(tx, self.get(tx), name)

        self.write(act, by)

    def aliases(self, collection: str = "fraud") -> dict[str, int]:
        return self.read(lambda tx: aliases.of_collection(tx, self.collection(tx, collection)))

    def indices(self, collection: str = "fraud") -> list[int]:
        return self.read(lambda tx: [link.index for link in links.of_collection(tx, self.collection(tx, collection))])

    def version(self, ref: str) -> Version:
        entity, project, rest = ref.split("/")
        name, _, version = rest.partition(":")
        return self.read(lambda tx: artifacts.resolve(tx, SourceRef(entity, project, name, version)))


def make_world(path: Path) -> World:
    """The organizations acme and other, their people and teams, in a new file."""
    store, made = create_store(path, timeout=60, clock=Ticking())
    assert made
    world = World(store)

    def act(tx: Transaction) -> None:
        acme, other = accounts.add_organization(tx, "acme"), accounts.add_organization(tx, "other")
        team = accounts.add_team(tx, acme, "acme-ml")
        for name, role in PEOPLE.items():
            user, _ = accounts.add_user(tx, name, key_of(name))
            accounts.set_organization_member(tx, acme, user, role)
            accounts.set_team_member(tx, team, user)
            world.actors[name] = Actor(user.id, name)
        mallory, _ = accounts.add_user(tx, "mallory", key_of("mallory"))
        accounts.set_organization_member(tx, other, mallory, Role.ADMIN)
        accounts.set_team_member(tx, accounts.add_team(tx, other, "other-ml"), mallory)
        world.actors["mallory"] = Actor(mallory.id, "mallory")

    world.write(act)
    return world


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but the instance's own, to compare two registries; keys are kept with a salt of each file."""
    with store.read() as tx:
        tables = [row[0] for row in tx.all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        found = {
            table: sorted(tx.tuples(f"SELECT * FROM {table}"), key=repr) for table in tables if table != "instance"
        }
        found["users"] = sorted(tx.tuples("SELECT id, name, entity_id, created_at FROM users"), key=repr)
        return found
