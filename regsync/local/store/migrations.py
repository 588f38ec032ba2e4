"""Bringing a registry file of an older format to the present one. Each step is one transaction, done on first opening.

Version 2: contents are kept by SHA-256, and an MD5 is a name within one project; links lend no more than their linker had;
keys are kept as slow hashes; metadata that is no JSON (`NaN`) is made so.
Version 3: an event tells by which plan it was made, where its actor said so.
Version 4: what runs log step by step is kept, and a user may choose where their runs go by default.
Version 5: events are found by what they are about, collections by their type, versions in the order of a metric; what runs print
is kept; users have several keys, and versions may be logged in parts.
Version 6: queues of launch, their items and agents; users whom an admin made by their address, and service accounts.
"""

from __future__ import annotations

import json
import sqlite3

from regsync.local.store import keys
from regsync.local.store.numbers import numbers

_TO_2 = (
    "ALTER TABLE instance ADD COLUMN key_salt BLOB NOT NULL DEFAULT x''",
    f"ALTER TABLE instance ADD COLUMN key_cost INTEGER NOT NULL DEFAULT {keys.COST}",
    "UPDATE instance SET key_salt = randomblob(16)",
    "ALTER TABLE contents RENAME COLUMN md5 TO key",
    "ALTER TABLE artifacts RENAME COLUMN manifest_md5 TO manifest_key",
    "CREATE INDEX artifact_files_by_content ON artifact_files (content_md5) WHERE content_md5 IS NOT NULL",
    """CREATE TABLE project_contents (
         project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE, md5 TEXT NOT NULL,
         key TEXT NOT NULL REFERENCES contents (key), PRIMARY KEY (project_id, md5)) STRICT, WITHOUT ROWID""",
    # Contents that a manifest names were uploaded to its project, as far as anybody can tell now.
    """INSERT INTO project_contents (project_id, md5, key)
       SELECT DISTINCT c.project_id, f.content_md5, f.content_md5 FROM artifact_files f JOIN artifacts a ON a.id = f.artifact_id
         JOIN collections c ON c.id = a.sequence_id JOIN contents k ON k.key = f.content_md5
       UNION SELECT r.project_id, j.value, j.value FROM runs r, json_each(r.fields, '$.files') j JOIN contents k ON k.key = j.value""",
    """ALTER TABLE memberships ADD COLUMN lends TEXT NOT NULL DEFAULT 'admin'
         CHECK (lends IN ('admin', 'member', 'viewer', 'restricted_viewer'))""",
    # The linker's role for the version where it was logged, as it is now; somebody with a stronger one may link it again.
    """UPDATE memberships SET lends = coalesce(
         (SELECT CASE WHEN o.role = 'admin' THEN 'admin' ELSE t.role END
          FROM artifacts a JOIN collections s ON s.id = a.sequence_id JOIN projects p ON p.id = s.project_id
            JOIN entities e ON e.id = p.entity_id
            LEFT JOIN team_members t ON t.entity_id = e.id AND t.user_id = memberships.user_id
            LEFT JOIN organization_members o ON o.organization_id = e.organization_id AND o.user_id = memberships.user_id
          WHERE a.id = memberships.artifact_id), 'restricted_viewer')
       WHERE user_id IS NOT NULL AND collection_id IN (SELECT id FROM collections WHERE kind = 'portfolio')""",
)
_TO_3 = (
    "ALTER TABLE events ADD COLUMN plan TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE events ADD COLUMN manifest_commit TEXT NOT NULL DEFAULT ''",
)
_TO_4 = (
    """CREATE TABLE run_rows (
         run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
         stream TEXT NOT NULL CHECK (stream IN ('history', 'events')), line INTEGER NOT NULL, step INTEGER,
         content TEXT NOT NULL, PRIMARY KEY (run_id, stream, line)) STRICT, WITHOUT ROWID""",
    "ALTER TABLE artifacts ADD COLUMN history_step INTEGER",
    "ALTER TABLE users ADD COLUMN default_entity INTEGER REFERENCES entities (id)",
)
_TO_5 = (
    "CREATE UNIQUE INDEX collections_by_type ON collections (project_id, type_id, name)",
    """CREATE TABLE metrics (
         membership_id INTEGER NOT NULL REFERENCES memberships (id) ON DELETE CASCADE, name TEXT NOT NULL, value ANY NOT NULL,
         collection_id INTEGER NOT NULL, version_index INTEGER NOT NULL,
         PRIMARY KEY (membership_id, name)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX metrics_in_order ON metrics (collection_id, name, value, version_index)",
    """ALTER TABLE events ADD COLUMN place TEXT GENERATED ALWAYS AS (
         iif(instr(address, ':'), substr(address, 1, instr(address, ':') - 1), address)) VIRTUAL""",
    """ALTER TABLE events ADD COLUMN alias TEXT GENERATED ALWAYS AS (
         iif(kind IN ('set-alias', 'remove-alias'), substr(address, instr(address, ':') + 1), NULL)) VIRTUAL""",
    """ALTER TABLE events ADD COLUMN registry TEXT GENERATED ALWAYS AS (CASE
         WHEN NOT (kind GLOB '*-alias' OR kind GLOB '*-version' OR kind GLOB '*-collection' OR kind GLOB '*-registry'
           OR kind IN ('set-visibility', 'allow-types', 'set-member', 'remove-member')) THEN NULL
         WHEN place GLOB '*/*/*' THEN NULL
         ELSE iif(instr(place, '/'), substr(place, 1, instr(place, '/') - 1), place) END) VIRTUAL""",
    "CREATE INDEX events_by_registry ON events (organization, registry) WHERE registry IS NOT NULL",
    "CREATE INDEX events_by_place ON events (organization, place)",
    "CREATE INDEX events_by_alias ON events (organization, place, alias) WHERE alias IS NOT NULL",
    "CREATE INDEX events_by_plan ON events (organization, address) WHERE plan <> ''",
    "CREATE INDEX events_of_plan ON events (organization, plan) WHERE plan <> ''",
    """CREATE INDEX events_of_names ON events (organization, place)
         WHERE (kind = 'rename-registry' OR kind = 'rename-collection' OR kind = 'create-registry' OR kind = 'delete-registry')""",
    "CREATE INDEX events_to_names ON events (organization, after) WHERE (kind = 'rename-registry' OR kind = 'rename-collection')",
    """CREATE TABLE run_lines (
         run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, line INTEGER NOT NULL, content TEXT NOT NULL,
         PRIMARY KEY (run_id, line)) STRICT, WITHOUT ROWID""",
    "ALTER TABLE artifacts ADD COLUMN base_id INTEGER REFERENCES artifacts (id)",
    "ALTER TABLE artifacts ADD COLUMN distributed_id TEXT",
    "ALTER TABLE users ADD COLUMN server_admin INTEGER NOT NULL DEFAULT 0 CHECK (server_admin IN (0, 1))",
    """CREATE TABLE api_keys (
         id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users (id), key_hash TEXT NOT NULL UNIQUE,
         hint TEXT NOT NULL, description TEXT, created_at TEXT NOT NULL) STRICT""",
    "CREATE INDEX api_keys_by_user ON api_keys (user_id)",
)
_TO_6 = (
    "ALTER TABLE users ADD COLUMN email TEXT",
    "ALTER TABLE users ADD COLUMN is_service INTEGER NOT NULL DEFAULT 0 CHECK (is_service IN (0, 1))",
    "CREATE UNIQUE INDEX users_by_email ON users (email) WHERE email IS NOT NULL",
    """CREATE TABLE resource_configs (
         id INTEGER PRIMARY KEY AUTOINCREMENT, entity_id INTEGER NOT NULL REFERENCES entities (id), resource TEXT NOT
         NULL, config TEXT NOT NULL, variables TEXT NOT NULL, created_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE run_queues (
         id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
         name TEXT NOT NULL, access TEXT NOT NULL CHECK (access IN ('PROJECT', 'USER')), prioritized INTEGER NOT NULL
         CHECK (prioritized IN (0, 1)), config_id INTEGER REFERENCES resource_configs (id), external_links TEXT NOT NULL
         DEFAULT '{}', user_id INTEGER REFERENCES users (id), created_at TEXT NOT NULL, UNIQUE (project_id, name))
         STRICT""",
    "CREATE INDEX run_queues_by_config ON run_queues (config_id) WHERE config_id IS NOT NULL",
    """CREATE TABLE launch_agents (
         id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
         queues TEXT NOT NULL, hostname TEXT NOT NULL, config TEXT NOT NULL, version TEXT, status TEXT NOT NULL, user_id
         INTEGER REFERENCES users (id), created_at TEXT NOT NULL, heartbeat_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE run_queue_items (
         id INTEGER PRIMARY KEY AUTOINCREMENT, queue_id INTEGER NOT NULL REFERENCES run_queues (id) ON DELETE CASCADE,
         state TEXT NOT NULL CHECK (state IN ('PENDING', 'LEASED', 'CLAIMED', 'FAILED')), priority INTEGER NOT NULL, spec
         TEXT NOT NULL, run_name TEXT, error TEXT, warnings TEXT NOT NULL DEFAULT '[]', user_id INTEGER REFERENCES users
         (id), created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT""",
    "CREATE INDEX run_queue_items_by_state ON run_queue_items (queue_id, state, priority, id)",
)
_JSON_COLUMNS = (("artifacts", "metadata"), ("runs", "config"), ("runs", "summary"), ("runs", "fields"))


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Inside of a transaction that writes: take the tables from a version to the next ones, up to the present one."""
    if version < 2:
        _mend_json(connection)
        for statement in _TO_2:
            connection.execute(statement)
        _slow_keys(connection)
    if version < 3:
        for statement in _TO_3:
            connection.execute(statement)
    if version < 4:
        for statement in _TO_4:
            connection.execute(statement)
    if version < 5:
        for statement in _TO_5:
            connection.execute(statement)
        _fill_metrics(connection)
    if version < 6:
        for statement in _TO_6:
            connection.execute(statement)


def _mend_json(connection: sqlite3.Connection) -> None:
    for table, column in _JSON_COLUMNS:
        select = f"SELECT id, {column} FROM {table} WHERE NOT json_valid({column})"  # noqa: S608 - constants of this file
        update = f"UPDATE {table} SET {column} = ? WHERE id = ?"  # noqa: S608 - constants of this file
        for key, text in connection.execute(select).fetchall():
            mended = json.dumps(json.loads(text, parse_constant=str), ensure_ascii=False)
            connection.execute(update, (mended, key))


def _slow_keys(connection: sqlite3.Connection) -> None:
    """Which of the hashes are of random keys nobody knows any more, so all of them are made slow."""
    salt = keys.Salt(*connection.execute("SELECT key_salt, key_cost FROM instance").fetchone())
    for key, kept in connection.execute("SELECT id, key_hash FROM users").fetchall():
        connection.execute("UPDATE users SET key_hash = ? WHERE id = ?", (keys.slow(kept, salt), key))


def _fill_metrics(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        """SELECT m.id, m.collection_id, m.version_index, a.metadata FROM memberships m JOIN artifacts a ON a.id = m.artifact_id
           WHERE a.state = 'COMMITTED' AND a.metadata <> '{}'"""
    )
    connection.executemany(
        "INSERT INTO metrics (membership_id, name, value, collection_id, version_index) VALUES (?, ?, ?, ?, ?)",
        ((key, name, value, place, at) for key, place, at, text in rows for name, value in numbers(text).items()),
    )
