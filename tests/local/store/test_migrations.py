"""A registry file of an older version is brought up to date on first opening, and nobody gains by it."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from regsync.local.store import (
    accounts,
    artifacts,
    collections,
    contents,
    events,
    histories,
    identities,
    links,
    projects,
    registries,
    sequences,
)
from regsync.local.store.database import open_store
from regsync.local.store.errors import ReadOnly, Unauthorized
from regsync.local.store.opening import SCHEMA_VERSION
from regsync.names import Role
from tests.local.processes import as_nobody
from tests.local.world import World, key_of, make_world


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file as version 1 wrote it, with a link that vera (a viewer of the organization, now nobody's team mate) made."""
    world = make_world(tmp_path / "registry.db")
    (version,) = world.log()
    world.registry()
    world.link(version, ["staging"], by="bob")
    world.write(lambda tx: registries.create(tx, world.acme(tx), "veras"))
    world.write(lambda tx: links.link(tx, world.get(tx, "veras"), "mine", version))
    world.store.close()
    with sqlite3.connect(world.store.path) as connection:
        connection.executescript(
            """
            UPDATE memberships SET user_id = (SELECT id FROM users WHERE name = 'vera') WHERE collection_id =
              (SELECT c.id FROM collections c WHERE c.name = 'mine');
            DELETE FROM team_members WHERE user_id = (SELECT id FROM users WHERE name = 'vera');
            UPDATE artifacts SET metadata = '{"loss": NaN, "n": 1}';
            """
            + TO_VERSION_5
            + """
            DROP TABLE run_rows;
            DROP TABLE run_lines;
            DROP TABLE api_keys;
            ALTER TABLE users DROP COLUMN server_admin;
            ALTER TABLE artifacts DROP COLUMN base_id;
            ALTER TABLE artifacts DROP COLUMN distributed_id;
            DROP TABLE metrics;
            DROP INDEX collections_by_type;
            ALTER TABLE users DROP COLUMN default_entity;
            ALTER TABLE artifacts DROP COLUMN history_step;
            ALTER TABLE memberships DROP COLUMN lends;
            ALTER TABLE instance DROP COLUMN key_salt;
            ALTER TABLE instance DROP COLUMN key_cost;
            DROP TABLE project_contents;
            DROP INDEX artifact_files_by_content;
            ALTER TABLE artifacts RENAME COLUMN manifest_key TO manifest_md5;
            ALTER TABLE contents RENAME COLUMN key TO md5;
            CREATE TABLE then_events (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, actor TEXT NOT NULL,
              kind TEXT NOT NULL, organization TEXT NOT NULL, address TEXT NOT NULL, before TEXT, after TEXT) STRICT;
            INSERT INTO then_events SELECT seq, at, actor, kind, organization, address, before, after FROM events;
            DROP TABLE events;
            ALTER TABLE then_events RENAME TO events;
            PRAGMA user_version = 1;
            """
        )
        for key, data in connection.execute("SELECT md5, data FROM contents").fetchall():
            connection.execute("UPDATE contents SET md5 = ? WHERE md5 = ?", (hashlib.md5(data).hexdigest(), key))
        for key, name in connection.execute("SELECT id, name FROM users").fetchall():
            kept = hashlib.sha256(key_of(name).encode()).hexdigest()
            connection.execute("UPDATE users SET key_hash = ? WHERE id = ?", (kept, key))
    connection.close()
    return world.store.path


def test_an_older_file_is_brought_up_to_date(old: Path) -> None:
    store = open_store(old, read_only=True)
    world = World(store)
    with store.read() as tx:
        assert tx.value("SELECT user_version FROM pragma_user_version") == SCHEMA_VERSION
        assert identities.authenticate(tx, key_of("bob")).name == "bob"
        with pytest.raises(Unauthorized):
            identities.authenticate(tx, key_of("nobody"))
        assert not tx.all("SELECT 1 FROM users WHERE key_hash NOT LIKE 'scrypt:%'")
    version = world.version("acme-ml/fraud/detector:v0")
    assert version.metadata == {"loss": "NaN", "n": 1}
    with store.read() as tx:
        (entry,) = artifacts.entries(tx, version)
        key = contents.find(tx, version.project_id, entry.content_md5 or "")
        assert contents.read(tx, key or "") == b"acme-ml detector 0"
        lent = dict(tx.tuples("SELECT c.name, m.lends FROM memberships m JOIN collections c ON c.id = m.collection_id"))
        assert {(event.plan, event.commit) for event in events.since(tx)} == {("", "")}
    assert lent == {"detector": Role.ADMIN, "fraud": Role.MEMBER, "mine": Role.RESTRICTED_VIEWER}
    store.close()


def test_content_from_then_is_known_when_it_comes_again(old: Path) -> None:
    world = World(open_store(old))
    with world.store.read() as tx:
        before = tx.value("SELECT count(*) FROM contents")
    version = world.version("acme-ml/fraud/detector:v0")
    staged = contents.stage_bytes(world.store, b"acme-ml detector 0")
    world.write(lambda tx: contents.give(tx, version.project_id, staged))
    with world.store.read() as tx:
        assert tx.value("SELECT count(*) FROM contents") == before
    world.store.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_one_that_cannot_be_written_is_refused_and_the_hint_helps(old: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = Path(shutil.copy(old, folder))
        path.chmod(0o444)
        folder.chmod(0o555)

        def act() -> str:
            try:
                open_store(path, read_only=True)
            except ReadOnly as error:
                return f"{error} / {error.hint}"
            return "opened"

        told = as_nobody(act)
        assert "written by an older regsync" in told
        assert "regsync local info" in told


def _shape(path: Path) -> dict[str, object]:
    """Columns and indices of every table, in whatever order they came about."""
    found: dict[str, object] = {}
    with sqlite3.connect(path) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            columns = connection.execute('SELECT name, type, "notnull", hidden FROM pragma_table_xinfo(?)', (table,))
            found[table] = sorted(columns)
        for name, *kind in connection.execute(
            """SELECT i.name, i.partial, i."unique" FROM sqlite_schema s, pragma_index_list(s.name) i
               WHERE s.type = 'table' AND i.name NOT LIKE 'sqlite_%'"""
        ).fetchall():
            columns = connection.execute("SELECT seqno, name FROM pragma_index_info(?)", (name,))
            found[name] = (kind, sorted(columns))
    connection.close()
    return found


TO_VERSION_5 = """
    DROP TABLE run_queue_items;
    DROP TABLE launch_agents;
    DROP TABLE run_queues;
    DROP TABLE resource_configs;
    DROP INDEX users_by_email;
    ALTER TABLE users DROP COLUMN email;
    ALTER TABLE users DROP COLUMN is_service;
"""
"""Takes out of a file of today what version 6 added."""


def _rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute(sql).fetchall()
    connection.close()
    return found


def test_version_4_becomes_what_is_made_today(tmp_path: Path) -> None:
    world = make_world(tmp_path / "registry.db")
    world.registry()
    (version,) = world.log()
    world.write(lambda tx: artifacts.set_metadata(tx, version, {"loss": 0.5, "val": {"acc": 2, "name": "x"}}))
    world.link(version, ["staging"], by="bob")
    world.store.close()
    path = world.store.path
    metrics = "SELECT collection_id, name, value, version_index FROM metrics ORDER BY 1, 2"
    keys = "SELECT seq, registry, place, alias FROM events ORDER BY seq"
    before = _shape(path), _rows(path, metrics), _rows(path, keys)
    assert len(before[1]) == 4, "two numbers, in the sequence and in the registry"
    assert ("model", "model/fraud", "staging") in {row[1:] for row in before[2]}
    with sqlite3.connect(path) as connection:
        connection.executescript(
            TO_VERSION_5
            + """
            DROP TABLE metrics;
            DROP TABLE run_lines;
            DROP TABLE api_keys;
            ALTER TABLE users DROP COLUMN server_admin;
            ALTER TABLE artifacts DROP COLUMN base_id;
            ALTER TABLE artifacts DROP COLUMN distributed_id;
            DROP INDEX collections_by_type;
            CREATE TABLE then_events (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, actor TEXT NOT NULL,
              kind TEXT NOT NULL, organization TEXT NOT NULL, address TEXT NOT NULL, before TEXT, after TEXT,
              plan TEXT NOT NULL DEFAULT '', manifest_commit TEXT NOT NULL DEFAULT '') STRICT;
            INSERT INTO then_events SELECT seq, at, actor, kind, organization, address, before, after, plan, manifest_commit
              FROM events;
            DROP TABLE events;
            ALTER TABLE then_events RENAME TO events;
            CREATE TRIGGER events_stay_unchanged BEFORE UPDATE ON events
            BEGIN SELECT RAISE (ABORT, 'the event history is never changed'); END;
            CREATE TRIGGER events_stay BEFORE DELETE ON events
            BEGIN SELECT RAISE (ABORT, 'the event history is never removed'); END;
            PRAGMA user_version = 4;
            """
        )
    connection.close()
    open_store(path).close()
    assert (_shape(path), _rows(path, metrics), _rows(path, keys)) == before


def test_version_5_becomes_what_is_made_today(tmp_path: Path) -> None:
    world = make_world(tmp_path / "registry.db")
    world.store.close()
    path = world.store.path
    users = "SELECT id, name, key_hash, email, is_service FROM users ORDER BY id"
    before = _shape(path), _rows(path, users)
    with sqlite3.connect(path) as connection:
        connection.executescript(TO_VERSION_5 + "PRAGMA user_version = 5;")
    connection.close()
    open_store(path).close()
    assert (_shape(path), _rows(path, users)) == before


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A file as version 3 wrote it: the code of that version made it, and `version_3.sql` is its dump."""
    path = tmp_path / "three.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(Path(__file__).with_name("version_3.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


def test_a_file_that_version_3_wrote_has_the_tables_of_today_and_lost_nothing(three: Path, tmp_path: Path) -> None:
    kept = {
        "events": "SELECT seq, at, actor, kind, organization, address, before, after, plan, manifest_commit FROM events ORDER BY seq",
        "aliases": "SELECT id, collection_id, membership_id, name FROM aliases ORDER BY id",
        "links": "SELECT id, collection_id, artifact_id, version_index, user_id, lends FROM memberships ORDER BY id",
        "contents": "SELECT key, size, data FROM contents ORDER BY key",
        "users": "SELECT id, name, key_hash FROM users ORDER BY id",
    }
    before = {name: _rows(three, sql) for name, sql in kept.items()}
    assert all(before.values())
    open_store(three).close()
    assert {name: _rows(three, sql) for name, sql in kept.items()} == before
    new = make_world(tmp_path / "new.db")
    new.store.close()
    assert _shape(three) == _shape(new.store.path)
    assert _rows(three, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert _rows(three, "PRAGMA foreign_key_check") == []


def test_what_version_3_kept_means_the_same_to_its_users(three: Path) -> None:
    store = open_store(three)
    with store.read() as tx:
        vera = identities.authenticate(tx, "vera-0key".ljust(44, "0"))
        bob = accounts.actor(tx, "bob")
    with store.read(vera) as tx:
        acme = accounts.organization(tx, "acme")
        detector = collections.get(tx, registries.get(tx, acme, "model"), "detector")
        staging = links.get(tx, detector, "staging")
        version = artifacts.by_id(tx, staging.artifact_id)
        assert (staging.index, version.metadata) == (0, {"loss": 0.5, "val": {"acc": 0.9}})
        assert [entry.path for entry in artifacts.entries(tx, version)] == ["folder/card.md", "weights.txt"]
        assert links.get(tx, detector, "production").index == 1
        assert tx.all("SELECT name, value FROM metrics WHERE membership_id = ? ORDER BY name", staging.id)[0][1] == 0.5
    with store.write(bob) as tx:
        project = projects.get(tx, "acme-ml", "fraud")
        run = projects.run(tx, project, "train1")
        assert (run.config, run.summary, run.state) == ({"lr": 0.1}, {"loss": 0.5}, "finished")
        histories.keep(tx, run, histories.Stream.HISTORY, 0, [{"_step": 0, "loss": 0.5}])
        later, made = sequences.log(tx, project, "detector", "model", metadata={"loss": 0.1})
        assert (later.index, made) == (1, False), "content that the old file has is known"
    store.close()
