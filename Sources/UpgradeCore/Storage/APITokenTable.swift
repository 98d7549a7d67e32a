import FoundationEssentials
import GRDB

extension Migrations {
    /// What programs act as users by. Of secrets there are digests alone.
    static let apiTokenTable = """
        CREATE TABLE api_token (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            owner TEXT NOT NULL COLLATE NOCASE REFERENCES user (username) ON DELETE CASCADE,
            name TEXT NOT NULL CHECK (name <> ''),
            secret_sha256 BLOB NOT NULL UNIQUE CHECK (length(secret_sha256) = 32),
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL CHECK (expires_at > created_at)
        ) STRICT;
        CREATE INDEX api_token_by_owner ON api_token (owner, id);
        """
}

struct APITokenTable {
    let database: Database

    private static let columns = "id, name, owner, created_at, expires_at"

    func find(_ id: APIToken.ID) throws -> APIToken? {
        try Row.fetchOne(
            database.cachedStatement(sql: "SELECT \(Self.columns) FROM api_token WHERE id = ?"), arguments: [id]
        ).map(APIToken.init(row:))
    }

    /// One user's, by number.
    func list(of owner: String, _ request: PageRequest) throws -> Page<APIToken> {
        var conditions = Conditions()
        conditions.require("owner = ?", owner)
        let list = KeysetList(
            columns: Self.columns, source: "api_token", conditions: conditions, key: "id", keyIsNumber: true)
        return try database.page(list, request, item: APIToken.init(row:), cursor: { Cursor(key: $0.id) })
    }

    func all() throws -> [StoredAPIToken] {
        try Row.fetchAll(database, sql: "SELECT \(Self.columns), secret_sha256 FROM api_token ORDER BY id")
            .map { StoredAPIToken(token: APIToken(row: $0), digest: Array($0["secret_sha256"] as Data)) }
    }

    func count(of owner: String) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM api_token WHERE owner = ?", arguments: [owner]) ?? 0
    }

    func insert(
        name: String, owner: String, digest: [UInt8], expiresAt: Timestamp, at time: Timestamp
    ) throws -> APIToken {
        try database.execute(
            sql: "INSERT INTO api_token (owner, name, secret_sha256, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
            arguments: [owner, name, Data(digest), time.milliseconds, expiresAt.milliseconds])
        return APIToken(
            id: database.lastInsertedRowID, name: name, owner: owner, createdAt: time, expiresAt: expiresAt)
    }

    func delete(_ id: APIToken.ID) throws {
        try database.execute(sql: "DELETE FROM api_token WHERE id = ?", arguments: [id])
    }

    func deleteAll(of owner: String) throws {
        try database.execute(sql: "DELETE FROM api_token WHERE owner = ?", arguments: [owner])
    }

    func deleteExpired(of owner: String, at time: Timestamp) throws {
        try database.execute(
            sql: "DELETE FROM api_token WHERE owner = ? AND expires_at <= ?", arguments: [owner, time.milliseconds])
    }
}

extension DatabaseAccess {
    var apiTokens: APITokenTable { APITokenTable(database: database) }
}

extension APIToken {
    fileprivate init(row: Row) {
        self.init(
            id: row["id"], name: row["name"], owner: row["owner"], createdAt: row.timestamp("created_at"),
            expiresAt: row.timestamp("expires_at"))
    }
}
