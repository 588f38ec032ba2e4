-- A registry file of format 3, as regsync wrote it on 2026-11-27 (before runs kept their history): the dump of a small world.
BEGIN TRANSACTION;
CREATE TABLE aliases (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id   INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    membership_id   INTEGER NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    UNIQUE (collection_id, name)
) STRICT;
INSERT INTO "aliases" VALUES(1,1,2,'latest','2026-11-28T12:26:06.632Z');
INSERT INTO "aliases" VALUES(3,1,2,'best','2026-11-28T12:26:06.632Z');
INSERT INTO "aliases" VALUES(4,2,4,'latest','2026-11-28T12:26:06.964Z');
INSERT INTO "aliases" VALUES(5,2,3,'staging','2026-11-28T12:26:06.964Z');
INSERT INTO "aliases" VALUES(7,2,4,'production','2026-11-28T12:26:06.964Z');
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
INSERT INTO "artifact_files" VALUES(1,'folder/card.md','HpTxnALUPyjNO87aGnnvvg==',10,NULL,'1e94f19c02d43f28cd3bceda1a79efbe',NULL);
INSERT INTO "artifact_files" VALUES(1,'weights.txt','ey4St53Hu6lSedL207MGMQ==',11,NULL,'7b2e12b79dc7bba95279d2f6d3b30631',NULL);
CREATE TABLE artifact_tags (
    artifact_id     INTEGER NOT NULL REFERENCES artifacts (id),
    tag             TEXT NOT NULL,
    PRIMARY KEY (artifact_id, tag)
) STRICT, WITHOUT ROWID;
CREATE TABLE artifact_types (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id      INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    description     TEXT,
    accepted        INTEGER NOT NULL DEFAULT 0 CHECK (accepted IN (0, 1)),
    created_at      TEXT NOT NULL,
    UNIQUE (project_id, name)
) STRICT;
INSERT INTO "artifact_types" VALUES(1,1,'model',NULL,0,'2026-11-28T12:26:06.632Z');
INSERT INTO "artifact_types" VALUES(2,2,'model',NULL,0,'2026-11-28T12:26:06.964Z');
CREATE TABLE artifact_uses (
    run_id          INTEGER NOT NULL REFERENCES runs (id),
    artifact_id     INTEGER NOT NULL REFERENCES artifacts (id),
    PRIMARY KEY (run_id, artifact_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "artifact_uses" VALUES(1,1);
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
    UNIQUE (sequence_id, version_index)
) STRICT;
INSERT INTO "artifacts" VALUES(1,1,0,'COMMITTED','a7d9d14ee6a91606b0b3a9b720663275','MANIFEST_MD5',21,2,'{"loss":0.5,"val":{"acc":0.9}}',NULL,NULL,NULL,NULL,NULL,1,2,'2026-11-28T12:26:06.632Z','2026-11-28T12:26:06.632Z');
INSERT INTO "artifacts" VALUES(2,1,1,'COMMITTED','64e7c61456b10382e2f3b571ac24b659','MANIFEST_MD5',0,0,'{"loss":0.25}',NULL,NULL,NULL,NULL,NULL,NULL,2,'2026-11-28T12:26:06.632Z','2026-11-28T12:26:06.632Z');
CREATE TABLE collection_tags (
    collection_id   INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    tag             TEXT NOT NULL,
    PRIMARY KEY (collection_id, tag)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "collections" VALUES(1,1,'sequence','detector',1,NULL,2,NULL,'2026-11-28T12:26:06.632Z','2026-11-28T12:26:06.632Z');
INSERT INTO "collections" VALUES(2,2,'portfolio','detector',2,NULL,2,NULL,'2026-11-28T12:26:06.964Z','2026-11-28T12:26:06.964Z');
CREATE TABLE contents (
    key             TEXT PRIMARY KEY,
    size            INTEGER NOT NULL,
    data            BLOB
) STRICT, WITHOUT ROWID;
INSERT INTO "contents" VALUES('3c904f2a0fa197b28b32726a9dadbf71c204f6ca3e5e151141da433f75474099',10,X'23204465746563746F72');
INSERT INTO "contents" VALUES('f38329d231164082b94f28edf29bff349b44403e09fc4057d65b31051f4ae6b5',11,X'7468652077656967687473');
CREATE TABLE entities (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL CHECK (kind IN ('user', 'team', 'organization')),
    organization_id INTEGER REFERENCES organizations (id),   -- null for a user's own entity
    created_at      TEXT NOT NULL
) STRICT;
INSERT INTO "entities" VALUES(1,'acme-org','organization',1,'2026-11-28T12:26:05.402Z');
INSERT INTO "entities" VALUES(2,'alice','user',NULL,'2026-11-28T12:26:05.402Z');
INSERT INTO "entities" VALUES(3,'bob','user',NULL,'2026-11-28T12:26:05.402Z');
INSERT INTO "entities" VALUES(4,'vera','user',NULL,'2026-11-28T12:26:05.402Z');
INSERT INTO "entities" VALUES(5,'acme-ml','team',1,'2026-11-28T12:26:05.402Z');
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
    manifest_commit TEXT NOT NULL DEFAULT ''                  -- the Git commit of that plan's manifests, as the actor said, or ''
) STRICT;
INSERT INTO "events" VALUES(1,'2026-11-28T12:26:05.402Z','','create-organization','acme','',NULL,'{"entity":"acme-org"}','','');
INSERT INTO "events" VALUES(2,'2026-11-28T12:26:05.402Z','','create-user','','alice',NULL,'{"name":"alice"}','','');
INSERT INTO "events" VALUES(3,'2026-11-28T12:26:05.402Z','','create-user','','bob',NULL,'{"name":"bob"}','','');
INSERT INTO "events" VALUES(4,'2026-11-28T12:26:05.402Z','','create-user','','vera',NULL,'{"name":"vera"}','','');
INSERT INTO "events" VALUES(5,'2026-11-28T12:26:05.402Z','','set-organization-member','acme','alice',NULL,'"admin"','','');
INSERT INTO "events" VALUES(6,'2026-11-28T12:26:05.402Z','','set-organization-member','acme','bob',NULL,'"member"','','');
INSERT INTO "events" VALUES(7,'2026-11-28T12:26:05.402Z','','set-organization-member','acme','vera',NULL,'"viewer"','','');
INSERT INTO "events" VALUES(8,'2026-11-28T12:26:05.402Z','','create-team','acme','acme-ml',NULL,'{"name":"acme-ml"}','','');
INSERT INTO "events" VALUES(9,'2026-11-28T12:26:05.402Z','','set-team-member','acme','acme-ml/bob',NULL,'"member"','','');
INSERT INTO "events" VALUES(10,'2026-11-28T12:26:06.632Z','bob','log-version','acme','acme-ml/fraud/detector:v0',NULL,'{"digest":"a7d9d14ee6a91606b0b3a9b720663275","type":"model"}','','');
INSERT INTO "events" VALUES(11,'2026-11-28T12:26:06.632Z','bob','set-alias','acme','acme-ml/fraud/detector:latest',NULL,'0','','');
INSERT INTO "events" VALUES(12,'2026-11-28T12:26:06.632Z','bob','log-version','acme','acme-ml/fraud/detector:v1',NULL,'{"digest":"64e7c61456b10382e2f3b571ac24b659","type":"model"}','','');
INSERT INTO "events" VALUES(13,'2026-11-28T12:26:06.632Z','bob','set-alias','acme','acme-ml/fraud/detector:latest','0','1','','');
INSERT INTO "events" VALUES(14,'2026-11-28T12:26:06.632Z','bob','set-alias','acme','acme-ml/fraud/detector:best',NULL,'1','','');
INSERT INTO "events" VALUES(15,'2026-11-28T12:26:06.818Z','alice','create-registry','acme','model',NULL,'{"artifact_types":null,"description":null,"visibility":"organization"}','','');
INSERT INTO "events" VALUES(16,'2026-11-28T12:26:06.964Z','alice','create-collection','acme','model/detector',NULL,'{"description":null,"type":"model"}','0000000000000000000000000000000000000000000000000000000000000000','1111111111111111111111111111111111111111');
INSERT INTO "events" VALUES(17,'2026-11-28T12:26:06.964Z','alice','link-version','acme','model/detector:v0',NULL,'{"digest":"a7d9d14ee6a91606b0b3a9b720663275","source":"acme-ml/fraud/detector:v0"}','0000000000000000000000000000000000000000000000000000000000000000','1111111111111111111111111111111111111111');
INSERT INTO "events" VALUES(18,'2026-11-28T12:26:06.964Z','alice','set-alias','acme','model/detector:latest',NULL,'0','0000000000000000000000000000000000000000000000000000000000000000','1111111111111111111111111111111111111111');
INSERT INTO "events" VALUES(19,'2026-11-28T12:26:06.964Z','alice','set-alias','acme','model/detector:staging',NULL,'0','0000000000000000000000000000000000000000000000000000000000000000','1111111111111111111111111111111111111111');
INSERT INTO "events" VALUES(20,'2026-11-28T12:26:06.964Z','alice','link-version','acme','model/detector:v1',NULL,'{"digest":"64e7c61456b10382e2f3b571ac24b659","source":"acme-ml/fraud/detector:v1"}','0000000000000000000000000000000000000000000000000000000000000000','1111111111111111111111111111111111111111');
INSERT INTO "events" VALUES(21,'2026-11-28T12:26:06.964Z','alice','set-alias','acme','model/detector:latest','0','1','0000000000000000000000000000000000000000000000000000000000000000','1111111111111111111111111111111111111111');
INSERT INTO "events" VALUES(22,'2026-11-28T12:26:06.964Z','alice','set-alias','acme','model/detector:production',NULL,'1','0000000000000000000000000000000000000000000000000000000000000000','1111111111111111111111111111111111111111');
INSERT INTO "events" VALUES(23,'2026-11-28T12:26:06.964Z','alice','set-member','acme','model',NULL,'{"vera":"viewer"}','0000000000000000000000000000000000000000000000000000000000000000','1111111111111111111111111111111111111111');
CREATE TABLE instance (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    uuid            TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    key_salt        BLOB NOT NULL,                            -- for the slow hashes of this file's API keys (keys.py)
    key_cost        INTEGER NOT NULL                          -- and what each of them costs: scrypt's N
) STRICT;
INSERT INTO "instance" VALUES(1,'c56e2856-c61b-4792-aabf-7b604cd108d4','2026-11-28T12:26:05.354Z',X'D9FC671740D836E5E59436055E4D511E',16384);
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
INSERT INTO "memberships" VALUES(1,1,1,0,2,'admin','2026-11-28T12:26:06.632Z');
INSERT INTO "memberships" VALUES(2,1,2,1,2,'admin','2026-11-28T12:26:06.632Z');
INSERT INTO "memberships" VALUES(3,2,1,0,1,'admin','2026-11-28T12:26:06.964Z');
INSERT INTO "memberships" VALUES(4,2,2,1,1,'admin','2026-11-28T12:26:06.964Z');
CREATE TABLE organization_members (
    organization_id INTEGER NOT NULL REFERENCES organizations (id),
    user_id         INTEGER NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    PRIMARY KEY (organization_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "organization_members" VALUES(1,1,'admin');
INSERT INTO "organization_members" VALUES(1,2,'member');
INSERT INTO "organization_members" VALUES(1,3,'viewer');
CREATE TABLE organizations (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,                     -- the display name
    entity_id       INTEGER NOT NULL UNIQUE REFERENCES entities (id) DEFERRABLE INITIALLY DEFERRED,
    created_at      TEXT NOT NULL
) STRICT;
INSERT INTO "organizations" VALUES(1,'acme',1,'2026-11-28T12:26:05.402Z');
CREATE TABLE project_contents (
    project_id      INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    md5             TEXT NOT NULL,
    key             TEXT NOT NULL REFERENCES contents (key),
    PRIMARY KEY (project_id, md5)
) STRICT, WITHOUT ROWID;
INSERT INTO "project_contents" VALUES(1,'1e94f19c02d43f28cd3bceda1a79efbe','3c904f2a0fa197b28b32726a9dadbf71c204f6ca3e5e151141da433f75474099');
INSERT INTO "project_contents" VALUES(1,'7b2e12b79dc7bba95279d2f6d3b30631','f38329d231164082b94f28edf29bff349b44403e09fc4057d65b31051f4ae6b5');
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
INSERT INTO "projects" VALUES(1,5,'fraud',NULL,2,'2026-11-28T12:26:06.632Z','2026-11-28T12:26:06.632Z');
INSERT INTO "projects" VALUES(2,1,'wandb-registry-model',NULL,1,'2026-11-28T12:26:06.818Z','2026-11-28T12:26:06.818Z');
CREATE TABLE registries (
    project_id      INTEGER PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    visibility      TEXT NOT NULL CHECK (visibility IN ('organization', 'restricted')),
    all_types       INTEGER NOT NULL CHECK (all_types IN (0, 1))
) STRICT;
INSERT INTO "registries" VALUES(2,'organization',1);
CREATE TABLE registry_protected_aliases (
    project_id      INTEGER NOT NULL REFERENCES registries (project_id) ON DELETE CASCADE,
    alias           TEXT NOT NULL,
    PRIMARY KEY (project_id, alias)
) STRICT, WITHOUT ROWID;
CREATE TABLE registry_team_members (
    project_id      INTEGER NOT NULL REFERENCES registries (project_id) ON DELETE CASCADE,
    entity_id       INTEGER NOT NULL REFERENCES entities (id),
    role            TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer', 'restricted_viewer')),
    PRIMARY KEY (project_id, entity_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE registry_user_members (
    project_id      INTEGER NOT NULL REFERENCES registries (project_id) ON DELETE CASCADE,
    user_id         INTEGER NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer', 'restricted_viewer')),
    PRIMARY KEY (project_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "registry_user_members" VALUES(2,1,'admin');
INSERT INTO "registry_user_members" VALUES(2,3,'viewer');
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
INSERT INTO "runs" VALUES(1,1,'train1',NULL,2,'finished','{"lr":0.1}','{"loss":0.5}',NULL,'{"tags":["nightly"]}','2026-11-28T12:26:06.632Z','2026-11-28T12:26:06.632Z');
CREATE TABLE team_members (
    entity_id       INTEGER NOT NULL REFERENCES entities (id),
    user_id         INTEGER NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    PRIMARY KEY (entity_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "team_members" VALUES(5,2,'member');
CREATE TABLE users (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,
    entity_id       INTEGER NOT NULL UNIQUE REFERENCES entities (id),
    key_hash        TEXT NOT NULL UNIQUE,                     -- what is kept of the API key: see keys.py
    created_at      TEXT NOT NULL
) STRICT;
INSERT INTO "users" VALUES(1,'alice',2,'sha256:1fbf84d6ec582254d30ab8d2e85116d95e4c6769625cd653c0a8e91c16e485af','2026-11-28T12:26:05.402Z');
INSERT INTO "users" VALUES(2,'bob',3,'sha256:96b902ba079edcaa68b1f7f48a69544047f379b14c4abb2fd1e1c825e50df4cd','2026-11-28T12:26:05.402Z');
INSERT INTO "users" VALUES(3,'vera',4,'scrypt:255c971f25dd90c58673bd7098af5d8001af1a8f2ba2f5d30085b815a383280f2f6b4d4aaad4f7fe9b06fb348a90de76daff3e250260aadd04dde9262183853f','2026-11-28T12:26:05.402Z');
CREATE INDEX artifacts_by_digest ON artifacts (sequence_id, digest);
CREATE INDEX artifacts_by_client_id ON artifacts (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX artifact_files_by_content ON artifact_files (content_md5) WHERE content_md5 IS NOT NULL;
CREATE INDEX artifact_uses_by_artifact ON artifact_uses (artifact_id);
CREATE INDEX memberships_by_artifact ON memberships (artifact_id);
CREATE INDEX aliases_by_membership ON aliases (membership_id);
CREATE TRIGGER events_stay_unchanged BEFORE UPDATE ON events
BEGIN SELECT RAISE (ABORT, 'the event history is never changed'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON events
BEGIN SELECT RAISE (ABORT, 'the event history is never removed'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('entities',5);
INSERT INTO "sqlite_sequence" VALUES('organizations',1);
INSERT INTO "sqlite_sequence" VALUES('events',23);
INSERT INTO "sqlite_sequence" VALUES('users',3);
INSERT INTO "sqlite_sequence" VALUES('projects',2);
INSERT INTO "sqlite_sequence" VALUES('runs',1);
INSERT INTO "sqlite_sequence" VALUES('artifact_types',2);
INSERT INTO "sqlite_sequence" VALUES('collections',2);
INSERT INTO "sqlite_sequence" VALUES('artifacts',2);
INSERT INTO "sqlite_sequence" VALUES('memberships',4);
INSERT INTO "sqlite_sequence" VALUES('aliases',7);
COMMIT;
PRAGMA application_id = 1380406105;
PRAGMA user_version = 3;
