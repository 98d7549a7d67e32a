-- The database after migration "2 identities", with a row in every table at least.
PRAGMA application_id = 1431127106;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES('1 first tables');
INSERT INTO grdb_migrations VALUES('2 identities');
CREATE TABLE company (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (name <> ''),
    registered INTEGER NOT NULL CHECK (registered IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO company VALUES('1','Super',1,1466000000000);
INSERT INTO company VALUES('2','Zwei',1,1466000001000);
INSERT INTO company VALUES('3','Drei',0,1466000002000);
CREATE TABLE user (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (username <> ''),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('super', 'admin', 'user')),
    company_id TEXT NOT NULL REFERENCES company (id),
    -- Null: nobody can log in yet, as after an import.
    password_hash TEXT,
    -- The password is the one that every installation starts with.
    must_change_password INTEGER NOT NULL DEFAULT 0 CHECK (must_change_password IN (0, 1)),
    created_at INTEGER NOT NULL,
    CHECK (role <> 'super' OR company_id = '1')
) STRICT;
INSERT INTO user VALUES(1,'super@gushenxing.com','Super','super','1','scrypt$fixture',0,1466000000000);
INSERT INTO user VALUES(2,'ada','Ada','admin','2','scrypt$fixture',0,1466000003000);
INSERT INTO user VALUES(3,'imported','Imported','user','3',NULL,0,1466000004000);
CREATE TABLE release (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL CHECK (version BETWEEN 0 AND 999999999999999),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    size INTEGER NOT NULL CHECK (size >= 0),
    crc32 INTEGER NOT NULL CHECK (crc32 BETWEEN 0 AND 4294967295),
    added_at INTEGER NOT NULL,
    added_by TEXT,
    state TEXT NOT NULL CHECK (state IN ('available', 'changed', 'removed')),
    origin TEXT NOT NULL CHECK (origin IN ('folder', 'upload')),
    folder_name TEXT CHECK ((folder_name IS NULL) = (origin = 'upload')),
    -- Set when somebody removed the release for good; deployments still tell of it.
    deleted_at INTEGER
) STRICT;
INSERT INTO "release" VALUES(1,1100000,'0000000000000000000000000000000000000000000000000000000000000000',9,123,1466000005000,NULL,'removed','folder','1.1',1466000006000);
INSERT INTO "release" VALUES(2,1200000,'616f11468af4d9fb897430c478661ebe021d06303489101c857760477bc741da',15,943895814,1466000007000,'super@gushenxing.com','available','upload',NULL,NULL);
CREATE TABLE deployment (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    release_id INTEGER NOT NULL REFERENCES release (id),
    version INTEGER NOT NULL,
    target_kind TEXT NOT NULL CHECK (target_kind IN ('gateways', 'company', 'all')),
    -- An array of gateway ids, or a company id.
    target_json TEXT CHECK ((target_json IS NULL) = (target_kind = 'all')),
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO deployment VALUES(1,1,1100000,'all',NULL,'super@gushenxing.com',1466000005500);
INSERT INTO deployment VALUES(2,2,1200000,'gateways','["gw1","gw2"]','ada',1466000008000);
CREATE TABLE gateway (
    id TEXT NOT NULL PRIMARY KEY,
    company_id TEXT REFERENCES company (id),
    -- What it says; no company need have this id.
    claimed_company_id TEXT,
    -- Whose administrators see it. Not a generated column: SQLite covers no query with an index on one.
    seen_by_company_id TEXT CHECK (seen_by_company_id IS coalesce(company_id, claimed_company_id)),
    name TEXT NOT NULL CHECK (name <> ''),
    address TEXT,
    latitude REAL CHECK (latitude BETWEEN -90 AND 90),
    longitude REAL CHECK (longitude BETWEEN -180 AND 180),
    enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    version INTEGER CHECK (version BETWEEN 0 AND 999999999999999),
    last_upgrade INTEGER,
    online INTEGER NOT NULL DEFAULT 0 CHECK (online IN (0, 1)),
    last_seen INTEGER,
    bad_frames INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    -- Copied from its newest upgrade by the triggers below, so that lists filter by it with an index.
    latest_deployment_id INTEGER,
    upgrade_state TEXT,
    target_version INTEGER,
    upgrade_reason TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO gateway VALUES('gw1','2','2','2','Roof','Street 1',48.499999999999999999,9.25,1,500000,1466000000123,1,1466000009000,3,1466000003500,2,'pending',1200000,NULL);
INSERT INTO gateway VALUES('gw2','2','2','2','Cellar',NULL,NULL,NULL,1,1200000,1466000009500,0,1466000009900,0,1466000003600,2,'confirmed',1200000,NULL);
INSERT INTO gateway VALUES('gw3',NULL,'3','3','New',NULL,NULL,NULL,0,NULL,NULL,0,NULL,0,1466000003700,NULL,NULL,NULL,NULL);
CREATE TABLE upgrade (
    deployment_id INTEGER NOT NULL REFERENCES deployment (id),
    gateway_id TEXT NOT NULL REFERENCES gateway (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'timedOut', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    delivered_attempts INTEGER NOT NULL DEFAULT 0 CHECK (delivered_attempts BETWEEN 0 AND attempts),
    from_version INTEGER,
    version_at_order INTEGER,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    delivered_at INTEGER,
    settled_at INTEGER CHECK ((settled_at IS NULL) = (state = 'pending')),
    reason TEXT,
    cut_offs INTEGER NOT NULL DEFAULT 0,
    under_way INTEGER NOT NULL DEFAULT 0 CHECK (under_way IN (0, 1)),
    -- Operating time, in milliseconds: it stands still while the daemon is stopped.
    deadline INTEGER NOT NULL,
    not_before INTEGER,
    superseded_by INTEGER REFERENCES deployment (id),
    PRIMARY KEY (deployment_id, gateway_id)
) STRICT, WITHOUT ROWID;
INSERT INTO upgrade VALUES(1,'gw1',1100000,'cancelled',0,0,NULL,500000,1466000005500,NULL,NULL,1466000008000,'superseded by 2',0,0,2592000000,NULL,NULL);
INSERT INTO upgrade VALUES(2,'gw1',1200000,'pending',1,1,500000,500000,1466000008000,1466000008100,1466000008200,NULL,NULL,0,0,900000000,NULL,NULL);
INSERT INTO upgrade VALUES(2,'gw2',1200000,'confirmed',1,1,500000,500000,1466000008000,1466000008100,1466000008300,1466000009500,NULL,0,0,900000,NULL,NULL);
CREATE TABLE event (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT,
    -- Ids without references: what happened outlives those it happened to.
    gateway_id TEXT,
    company_id TEXT,
    deployment_id INTEGER,
    detail TEXT NOT NULL,
    -- How many occurrences within one hour this row stands for.
    count INTEGER NOT NULL DEFAULT 1,
    hour INTEGER
) STRICT;
INSERT INTO event VALUES(1,1466000000000,'initialised',NULL,NULL,NULL,NULL,'the installation',1,NULL);
INSERT INTO event VALUES(2,1466000003500,'gatewayCreated',NULL,'gw1','2',NULL,'New Gateway gw1',1,NULL);
INSERT INTO event VALUES(3,1466000008000,'deploymentCreated','ada',NULL,'2',2,'release 1.2 to gw1, gw2',1,NULL);
INSERT INTO event VALUES(4,1466000009000,'frameRefused',NULL,'gw1','2',NULL,'a frame of 9 bytes',3,407222);
CREATE TABLE setting (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO setting VALUES('installation','0123456789abcdef0123456789abcdef');
INSERT INTO setting VALUES('operatingTime','1234567');
CREATE TABLE gateway_credential (
    -- Without a reference: the holder of a certificate may connect before its first STATUS makes the gateway.
    gateway_id TEXT NOT NULL PRIMARY KEY CHECK (gateway_id <> ''),
    -- Null: it has no secret of its own.
    secret_sha256 BLOB CHECK (length(secret_sha256) = 32),
    -- It has proved itself by a certificate.
    by_certificate INTEGER NOT NULL DEFAULT 0 CHECK (by_certificate IN (0, 1)),
    created_at INTEGER NOT NULL,
    CHECK (secret_sha256 IS NOT NULL OR by_certificate = 1)
) STRICT, WITHOUT ROWID;
INSERT INTO gateway_credential VALUES('gw1',X'0101010101010101010101010101010101010101010101010101010101010101',0,1466000010000);
INSERT INTO gateway_credential VALUES('gw9',NULL,1,1466000011000);
CREATE TABLE mqtt_account (
    name TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
    -- Arrays of topic filters.
    publish TEXT NOT NULL CHECK (json_valid(publish) AND json_type(publish) = 'array'),
    subscribe TEXT NOT NULL CHECK (json_valid(subscribe) AND json_type(subscribe) = 'array'),
    secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO mqtt_account VALUES('probe','["TOCLOUD/#"]','["TOGATEWAY/#"]',X'0202020202020202020202020202020202020202020202020202020202020202',1466000012000);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('user',3);
INSERT INTO sqlite_sequence VALUES('release',2);
INSERT INTO sqlite_sequence VALUES('deployment',2);
INSERT INTO sqlite_sequence VALUES('event',4);
CREATE INDEX user_by_company ON user (company_id, username);
CREATE UNIQUE INDEX release_version ON release (version) WHERE deleted_at IS NULL;
CREATE INDEX gateway_by_company
    ON gateway (seen_by_company_id, id, company_id, version, upgrade_state, online);
CREATE INDEX gateway_by_version ON gateway (version, id);
CREATE INDEX gateway_by_state ON gateway (upgrade_state, id);
CREATE INDEX gateway_online ON gateway (id) WHERE online = 1;
CREATE UNIQUE INDEX upgrade_pending ON upgrade (gateway_id) WHERE state = 'pending';
CREATE INDEX upgrade_by_gateway ON upgrade (gateway_id, deployment_id);
CREATE INDEX upgrade_by_state ON upgrade (deployment_id, state);
CREATE INDEX upgrade_by_settling ON upgrade (settled_at) WHERE settled_at IS NOT NULL;
CREATE TRIGGER upgrade_ordered AFTER INSERT ON upgrade BEGIN
    UPDATE gateway
    SET latest_deployment_id = NEW.deployment_id, upgrade_state = NEW.state, target_version = NEW.version,
        upgrade_reason = NEW.reason
    WHERE id = NEW.gateway_id AND coalesce(latest_deployment_id, 0) < NEW.deployment_id;
END;
CREATE TRIGGER upgrade_moved_on AFTER UPDATE OF state, reason ON upgrade BEGIN
    UPDATE gateway SET upgrade_state = NEW.state, upgrade_reason = NEW.reason
    WHERE id = NEW.gateway_id AND latest_deployment_id = NEW.deployment_id;
END;
CREATE UNIQUE INDEX event_coalesced ON event (gateway_id, kind, hour) WHERE hour IS NOT NULL;
CREATE INDEX event_by_gateway ON event (gateway_id, id) WHERE gateway_id IS NOT NULL;
CREATE INDEX event_by_company ON event (company_id, id) WHERE company_id IS NOT NULL;
CREATE INDEX event_by_actor ON event (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX event_by_kind ON event (kind, id);
CREATE INDEX event_by_time ON event (time);
CREATE TRIGGER gateway_removed AFTER DELETE ON gateway BEGIN
    DELETE FROM gateway_credential WHERE gateway_id = OLD.id;
END;
CREATE INDEX gateway_in_quarantine ON gateway (id) WHERE company_id IS NULL;
COMMIT;
