import FoundationEssentials
import GRDB
import UpgradeProtocol

/// What gateways prove themselves by, other than the fleet's shared secret. A gateway without a row has nothing of the kind.
struct GatewayCredentialTable {
    let database: Database

    func find(_ id: GatewayID) throws -> StoredCredential? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT secret_sha256, by_certificate FROM gateway_credential WHERE gateway_id = ?"),
            arguments: [id.rawValue]
        ).map(StoredCredential.init(row:))
    }

    func all() throws -> [GatewayID: StoredCredential] {
        var credentials: [GatewayID: StoredCredential] = [:]
        let rows = try Row.fetchCursor(
            database, sql: "SELECT gateway_id, secret_sha256, by_certificate FROM gateway_credential")
        while let row = try rows.next() { credentials[try row.gatewayID("gateway_id")] = StoredCredential(row: row) }
        return credentials
    }

    /// Writes a secret in the place of the one before.
    func setSecret(_ digest: [UInt8], of id: GatewayID, at time: Timestamp) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO gateway_credential (gateway_id, secret_sha256, created_at) VALUES (?, ?, ?)
                ON CONFLICT (gateway_id) DO UPDATE SET secret_sha256 = excluded.secret_sha256, created_at = excluded.created_at
                """
        ).execute(arguments: [id.rawValue, Data(digest), time.milliseconds])
    }

    /// Writes that it proved itself by a certificate.
    func setByCertificate(_ id: GatewayID, at time: Timestamp) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO gateway_credential (gateway_id, by_certificate, created_at) VALUES (?, 1, ?)
                ON CONFLICT (gateway_id) DO UPDATE SET by_certificate = 1
                """
        ).execute(arguments: [id.rawValue, time.milliseconds])
    }

    func delete(_ id: GatewayID) throws {
        try database.cachedStatement(sql: "DELETE FROM gateway_credential WHERE gateway_id = ?")
            .execute(arguments: [id.rawValue])
    }
}

extension DatabaseAccess {
    var gatewayCredentials: GatewayCredentialTable { GatewayCredentialTable(database: database) }
}

extension StoredCredential {
    fileprivate init(row: Row) {
        self.init(
            digest: (row["secret_sha256"] as Data?).map(Array.init), byCertificate: row["by_certificate"])
    }
}
