extension Migrations {
    /// Times are milliseconds since 1970, versions are millionths, ids are compared byte by byte.
    static let firstTables = """
        CREATE TABLE company (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL CHECK (name <> ''),
            registered INTEGER NOT NULL CHECK (registered IN (0, 1)),
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

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
        CREATE INDEX user_by_company ON user (company_id, username);

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
        CREATE UNIQUE INDEX release_version ON release (version) WHERE deleted_at IS NULL;

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
        -- With all that a company's fleet is counted by, so that counting reads the index alone.
        CREATE INDEX gateway_by_company
            ON gateway (seen_by_company_id, id, company_id, version, upgrade_state, online);
        CREATE INDEX gateway_by_version ON gateway (version, id);
        CREATE INDEX gateway_by_state ON gateway (upgrade_state, id);
        CREATE INDEX gateway_online ON gateway (id) WHERE online = 1;

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
        CREATE UNIQUE INDEX event_coalesced ON event (gateway_id, kind, hour) WHERE hour IS NOT NULL;
        CREATE INDEX event_by_gateway ON event (gateway_id, id) WHERE gateway_id IS NOT NULL;
        CREATE INDEX event_by_company ON event (company_id, id) WHERE company_id IS NOT NULL;
        CREATE INDEX event_by_actor ON event (actor, id) WHERE actor IS NOT NULL;
        CREATE INDEX event_by_kind ON event (kind, id);
        CREATE INDEX event_by_time ON event (time);

        CREATE TABLE setting (
            key TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
