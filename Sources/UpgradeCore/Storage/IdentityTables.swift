extension Migrations {
    /// Who may connect over MQTT besides those who know the fleet's shared secret. Of secrets there are digests alone.
    static let identityTables = """
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
        CREATE TRIGGER gateway_removed AFTER DELETE ON gateway BEGIN
            DELETE FROM gateway_credential WHERE gateway_id = OLD.id;
        END;

        CREATE TABLE mqtt_account (
            name TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
            -- Arrays of topic filters.
            publish TEXT NOT NULL CHECK (json_valid(publish) AND json_type(publish) = 'array'),
            subscribe TEXT NOT NULL CHECK (json_valid(subscribe) AND json_type(subscribe) = 'array'),
            secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- So that the gateways that wait are counted without reading the others.
        CREATE INDEX gateway_in_quarantine ON gateway (id) WHERE company_id IS NULL;
        """
}
