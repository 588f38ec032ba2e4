-- The embedded registry's tables. Version 6; the number lives in PRAGMA user_version (opening.py), older files are
-- brought here by migrations.py.
-- Integer keys are never reused (AUTOINCREMENT), so the global ids made from them (ids.py) never change meaning.
-- Times are ISO 8601 in UTC, as W&B writes them. JSON columns hold one JSON object as text.

CREATE TABLE instance (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    uuid            TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    key_salt        BLOB NOT NULL,                            -- for the slow hashes of this file's API keys (keys.py)
    key_cost        INTEGER NOT NULL                          -- and what each of them costs: scrypt's N
) STRICT;

-- W&B's namespaces: a user's own, a team's, and the one of an organization, which holds its registries.
CREATE TABLE entities (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL CHECK (kind IN ('user', 'team', 'organization')),
    organization_id INTEGER REFERENCES organizations (id),   -- null for a user's own entity
    created_at      TEXT NOT NULL
) STRICT;

CREATE TABLE organizations (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,                     -- the display name
    entity_id       INTEGER NOT NULL UNIQUE REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    created_at      TEXT NOT NULL
) STRICT;

CREATE TABLE users (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,
    entity_id       INTEGER NOT NULL UNIQUE REFERENCES entities (id),
    key_hash        TEXT NOT NULL UNIQUE,                     -- what is kept of the API key: see keys.py
    created_at      TEXT NOT NULL,
    default_entity  INTEGER REFERENCES entities (id),         -- where runs go that name no entity; null: the user's own
    server_admin    INTEGER NOT NULL DEFAULT 0                -- who sees all users, and the names of their keys
                    CHECK (server_admin IN (0, 1)),
    email           TEXT,                                     -- of those whom an admin made by it
    is_service      INTEGER NOT NULL DEFAULT 0 CHECK (is_service IN (0, 1)) -- an account of a team's machines
) STRICT;
CREATE UNIQUE INDEX users_by_email ON users (email) WHERE email IS NOT NULL;

-- Keys that users made for themselves; the one that they came with is in `users`.
CREATE TABLE api_keys (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id         INTEGER NOT NULL REFERENCES users (id),
    key_hash        TEXT NOT NULL UNIQUE,
    hint            TEXT NOT NULL,                            -- its first characters, by which its user knows it
    description     TEXT,
    created_at      TEXT NOT NULL
) STRICT;
CREATE INDEX api_keys_by_user ON api_keys (user_id);

CREATE TABLE organization_members (
    organization_id INTEGER NOT NULL REFERENCES organizations (id),
    user_id         INTEGER NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    PRIMARY KEY (organization_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE team_members (
    entity_id       INTEGER NOT NULL REFERENCES entities (id),
    user_id         INTEGER NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    PRIMARY KEY (entity_id, user_id)
) STRICT, WITHOUT ROWID;

-- A registry is a project named wandb-registry-<name> of an organization's entity, with a row in `registries`.
CREATE TABLE projects (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id       INTEGER NOT NULL REFERENCES entities (id),
    name            TEXT NOT NULL,
    description     TEXT,                                     -- null, '' and text are three values
    created_by      INTEGER REFERENCES users (id),
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    UNIQUE (entity_id, name)
) STRICT;

CREATE TABLE registries (
    project_id      INTEGER PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    visibility      TEXT NOT NULL CHECK (visibility IN ('organization', 'restricted')),
    all_types       INTEGER NOT NULL CHECK (all_types IN (0, 1))
) STRICT;

CREATE TABLE registry_protected_aliases (
    project_id      INTEGER NOT NULL REFERENCES registries (project_id) ON DELETE CASCADE,
    alias           TEXT NOT NULL,
    PRIMARY KEY (project_id, alias)
) STRICT, WITHOUT ROWID;

CREATE TABLE registry_user_members (
    project_id      INTEGER NOT NULL REFERENCES registries (project_id) ON DELETE CASCADE,
    user_id         INTEGER NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer', 'restricted_viewer')),
    PRIMARY KEY (project_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE registry_team_members (
    project_id      INTEGER NOT NULL REFERENCES registries (project_id) ON DELETE CASCADE,
    entity_id       INTEGER NOT NULL REFERENCES entities (id),
    role            TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer', 'restricted_viewer')),
    PRIMARY KEY (project_id, entity_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id      INTEGER NOT NULL REFERENCES projects (id),
    name            TEXT NOT NULL,                            -- the short id in its URL
    display_name    TEXT,
    user_id         INTEGER REFERENCES users (id),
    state           TEXT NOT NULL DEFAULT 'running',
    config          TEXT NOT NULL DEFAULT '{}',
    summary         TEXT NOT NULL DEFAULT '{}',
    git_commit      TEXT,
    fields          TEXT NOT NULL DEFAULT '{}',               -- whatever else the client sent (group, notes, host, …)
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

-- What a run logs step by step (histories.py). `line` counts the rows of a stream from 0; `step` is the row's own `_step`.
CREATE TABLE run_rows (
    run_id          INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    stream          TEXT NOT NULL CHECK (stream IN ('history', 'events')),
    line            INTEGER NOT NULL,
    step            INTEGER,
    content         TEXT NOT NULL,
    PRIMARY KEY (run_id, stream, line)
) STRICT, WITHOUT ROWID;

-- What a run printed (consoles.py): `line` counts from 0, `content` is as the client sent it.
CREATE TABLE run_lines (
    run_id          INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    line            INTEGER NOT NULL,
    content         TEXT NOT NULL,
    PRIMARY KEY (run_id, line)
) STRICT, WITHOUT ROWID;

-- Launch: what a queue's runs get, the queues, the agents that take from them, and what waits in them (queue_items.py).
CREATE TABLE resource_configs (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id       INTEGER NOT NULL REFERENCES entities (id),
    resource        TEXT NOT NULL,
    config          TEXT NOT NULL,
    variables       TEXT NOT NULL,
    created_at      TEXT NOT NULL
) STRICT;

CREATE TABLE run_queues (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id      INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    access          TEXT NOT NULL CHECK (access IN ('PROJECT', 'USER')),
    prioritized     INTEGER NOT NULL CHECK (prioritized IN (0, 1)),
    config_id       INTEGER REFERENCES resource_configs (id),
    external_links  TEXT NOT NULL DEFAULT '{}',
    user_id         INTEGER REFERENCES users (id),
    created_at      TEXT NOT NULL,
    UNIQUE (project_id, name)
) STRICT;
CREATE INDEX run_queues_by_config ON run_queues (config_id) WHERE config_id IS NOT NULL;

CREATE TABLE launch_agents (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id      INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    queues          TEXT NOT NULL,                            -- JSON list of the keys of its queues
    hostname        TEXT NOT NULL,
    config          TEXT NOT NULL,
    version         TEXT,
    status          TEXT NOT NULL,
    user_id         INTEGER REFERENCES users (id),
    created_at      TEXT NOT NULL,
    heartbeat_at    TEXT NOT NULL
) STRICT;

CREATE TABLE run_queue_items (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_id        INTEGER NOT NULL REFERENCES run_queues (id) ON DELETE CASCADE,
    state           TEXT NOT NULL CHECK (state IN ('PENDING', 'LEASED', 'CLAIMED', 'FAILED')),
    priority        INTEGER NOT NULL,
    spec            TEXT NOT NULL,
    run_name        TEXT,
    error           TEXT,
    warnings        TEXT NOT NULL DEFAULT '[]',
    user_id         INTEGER REFERENCES users (id),
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL
) STRICT;
CREATE INDEX run_queue_items_by_state ON run_queue_items (queue_id, state, priority, id);

-- `accepted` marks the types that a registry was told to accept; other rows only record that a type is in use.
CREATE TABLE artifact_types (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id      INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    description     TEXT,
    accepted        INTEGER NOT NULL DEFAULT 0 CHECK (accepted IN (0, 1)),
    created_at      TEXT NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

-- Both of W&B's artifact collections: a sequence holds the versions logged under one name, a portfolio holds links.
CREATE TABLE collections (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id      INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL CHECK (kind IN ('sequence', 'portfolio')),
    name            TEXT NOT NULL,
    type_id         INTEGER NOT NULL REFERENCES artifact_types (id),
    description     TEXT,
    next_index      INTEGER NOT NULL DEFAULT 0,               -- never goes back, so that no index is used twice
    client_id       TEXT,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    UNIQUE (project_id, name)
) STRICT;
CREATE UNIQUE INDEX collections_by_type ON collections (project_id, type_id, name);

CREATE TABLE collection_tags (
    collection_id   INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    tag             TEXT NOT NULL,
    PRIMARY KEY (collection_id, tag)
) STRICT, WITHOUT ROWID;

-- An artifact version. A deleted one stays as a row in state DELETED, for the links that still point at it.
CREATE TABLE artifacts (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    sequence_id     INTEGER NOT NULL REFERENCES collections (id),
    version_index   INTEGER,                                  -- null while PENDING
    state           TEXT NOT NULL CHECK (state IN ('PENDING', 'COMMITTED', 'DELETED')),
    digest          TEXT NOT NULL,
    digest_algorithm TEXT NOT NULL DEFAULT 'MANIFEST_MD5',
    size            INTEGER NOT NULL DEFAULT 0,               -- bytes, of all files together
    file_count      INTEGER NOT NULL DEFAULT 0,
    metadata        TEXT NOT NULL DEFAULT '{}',
    description     TEXT,
    ttl_seconds     INTEGER,                                  -- null: inherited; 0: switched off
    client_id       TEXT,
    pending_aliases TEXT,                                     -- JSON list: to be set when it is committed
    manifest_key    TEXT,                                     -- content key of the manifest as the client uploaded it
    run_id          INTEGER REFERENCES runs (id),
    user_id         INTEGER REFERENCES users (id),
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    history_step    INTEGER,                                  -- the step at which its run logged it
    base_id         INTEGER REFERENCES artifacts (id),        -- the version whose files it has beside its own
    distributed_id  TEXT,                                     -- under which several runs log it together
    UNIQUE (sequence_id, version_index)
) STRICT;
CREATE INDEX artifacts_by_digest ON artifacts (sequence_id, digest);
CREATE INDEX artifacts_by_client_id ON artifacts (client_id) WHERE client_id IS NOT NULL;

CREATE TABLE artifact_tags (
    artifact_id     INTEGER NOT NULL REFERENCES artifacts (id),
    tag             TEXT NOT NULL,
    PRIMARY KEY (artifact_id, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifact_files (
    artifact_id     INTEGER NOT NULL REFERENCES artifacts (id),
    path            TEXT NOT NULL,
    digest          TEXT NOT NULL,                            -- as in the manifest: base64 of the MD5, or a reference's etag
    size            INTEGER NOT NULL,
    ref             TEXT,                                     -- the URI of a reference; null for a file kept here
    content_md5     TEXT,                                     -- in `project_contents` of its project; null for a reference
    fields          TEXT,                                     -- the entry's other fields (extra, birthArtifactID), as JSON
    PRIMARY KEY (artifact_id, path)
) STRICT, WITHOUT ROWID;

CREATE INDEX artifact_files_by_content ON artifact_files (content_md5) WHERE content_md5 IS NOT NULL;

-- File contents. The key is the SHA-256 (hex); in files of version 1 it was the MD5, and contents from then keep that key.
-- Small ones are here; larger ones (data is null) are files beside the database (contents.py).
CREATE TABLE contents (
    key             TEXT PRIMARY KEY,
    size            INTEGER NOT NULL,
    data            BLOB
) STRICT, WITHOUT ROWID;

-- What has been uploaded to a project, by the name that manifests give it there: its MD5 (hex). An MD5 opens nothing
-- outside of the project, and means one content in it for good.
CREATE TABLE project_contents (
    project_id      INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    md5             TEXT NOT NULL,
    key             TEXT NOT NULL REFERENCES contents (key),
    PRIMARY KEY (project_id, md5)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifact_uses (
    run_id          INTEGER NOT NULL REFERENCES runs (id),
    artifact_id     INTEGER NOT NULL REFERENCES artifacts (id),
    PRIMARY KEY (run_id, artifact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_uses_by_artifact ON artifact_uses (artifact_id);

-- A version's place in a collection, with its index there: its own sequence, and each portfolio it is linked into.
CREATE TABLE memberships (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id   INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    artifact_id     INTEGER NOT NULL REFERENCES artifacts (id),
    version_index   INTEGER NOT NULL,
    user_id         INTEGER REFERENCES users (id),
    lends           TEXT NOT NULL DEFAULT 'admin'             -- the linker's own role for the version: a link gives no more
                    CHECK (lends IN ('admin', 'member', 'viewer', 'restricted_viewer')),
    created_at      TEXT NOT NULL,
    UNIQUE (collection_id, version_index),
    UNIQUE (collection_id, artifact_id)
) STRICT;
CREATE INDEX memberships_by_artifact ON memberships (artifact_id);

-- The numbers in the metadata of each committed version, in each place that it has (metrics.py): what its collections are sorted by.
CREATE TABLE metrics (
    membership_id   INTEGER NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,                            -- with dots where it is nested: val.acc
    value           ANY NOT NULL,                             -- an integer or a real
    collection_id   INTEGER NOT NULL,
    version_index   INTEGER NOT NULL,
    PRIMARY KEY (membership_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX metrics_in_order ON metrics (collection_id, name, value, version_index);

-- `latest` is a row like any other here. `v0, v1, …` are not: they are version_index.
CREATE TABLE aliases (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id   INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    membership_id   INTEGER NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    UNIQUE (collection_id, name)
) STRICT;
CREATE INDEX aliases_by_membership ON aliases (membership_id);

-- What happened, in order, written in the transaction that made it so. Nothing here is ever changed or removed.
CREATE TABLE events (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    at              TEXT NOT NULL,
    actor           TEXT NOT NULL,                            -- a user's name, or '' for the owner of the file
    kind            TEXT NOT NULL,
    organization    TEXT NOT NULL,                            -- display name, or '' outside of any organization
    address         TEXT NOT NULL,                            -- model/fraud:production, or entity/project/name:v3
    before          TEXT,                                     -- JSON, or null where there was nothing
    after           TEXT,                                     -- JSON, or null where nothing is left
    plan            TEXT NOT NULL DEFAULT '',                 -- digest of the plan that the actor said they carried out, or ''
    manifest_commit TEXT NOT NULL DEFAULT '',                 -- the Git commit of that plan's manifests, as the actor said, or ''
    -- What the address is made of: the part before the colon, an alias after it, and the registry that it is in.
    place           TEXT GENERATED ALWAYS AS (iif(instr(address, ':'), substr(address, 1, instr(address, ':') - 1), address)) VIRTUAL,
    alias           TEXT GENERATED ALWAYS AS (
                        iif(kind IN ('set-alias', 'remove-alias'), substr(address, instr(address, ':') + 1), NULL)) VIRTUAL,
    registry        TEXT GENERATED ALWAYS AS (CASE                -- null for what is about accounts, or in a project
                        WHEN NOT (kind GLOB '*-alias' OR kind GLOB '*-version' OR kind GLOB '*-collection' OR kind GLOB '*-registry'
                          OR kind IN ('set-visibility', 'allow-types', 'set-member', 'remove-member')) THEN NULL
                        WHEN place GLOB '*/*/*' THEN NULL
                        ELSE iif(instr(place, '/'), substr(place, 1, instr(place, '/') - 1), place) END) VIRTUAL
) STRICT;
CREATE INDEX events_by_registry ON events (organization, registry) WHERE registry IS NOT NULL;
CREATE INDEX events_by_place ON events (organization, place);
CREATE INDEX events_by_alias ON events (organization, place, alias) WHERE alias IS NOT NULL;
CREATE INDEX events_by_plan ON events (organization, address) WHERE plan <> '';
CREATE INDEX events_of_plan ON events (organization, plan) WHERE plan <> '';
-- For the names that a thing had before: see former.py. (`OR`, because an index with `IN` makes every event cost much more.)
CREATE INDEX events_of_names ON events (organization, place)
    WHERE (kind = 'rename-registry' OR kind = 'rename-collection' OR kind = 'create-registry' OR kind = 'delete-registry');
CREATE INDEX events_to_names ON events (organization, after) WHERE (kind = 'rename-registry' OR kind = 'rename-collection');
CREATE TRIGGER events_stay_unchanged BEFORE UPDATE ON events
BEGIN SELECT RAISE (ABORT, 'the event history is never changed'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON events
BEGIN SELECT RAISE (ABORT, 'the event history is never removed'); END;
