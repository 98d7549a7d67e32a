import FoundationEssentials
import GRDB

struct MQTTAccountTable {
    let database: Database

    private static let columns = "name, publish, subscribe, secret_sha256, created_at"

    func find(_ name: String) throws -> MQTTAccount? {
        try Row.fetchOne(
            database.cachedStatement(sql: "SELECT \(Self.columns) FROM mqtt_account WHERE name = ?"),
            arguments: [name]
        ).map { try StoredMQTTAccount(row: $0).account }
    }

    /// By name.
    func list(_ request: PageRequest) throws -> Page<MQTTAccount> {
        let list = KeysetList(
            columns: Self.columns, source: "mqtt_account", conditions: Conditions(), key: "name")
        return try database.page(
            list, request, item: { try StoredMQTTAccount(row: $0).account }, cursor: { Cursor(key: $0.name) })
    }

    func all() throws -> [StoredMQTTAccount] {
        try Row.fetchAll(database, sql: "SELECT \(Self.columns) FROM mqtt_account ORDER BY name")
            .map(StoredMQTTAccount.init(row:))
    }

    func insert(_ stored: StoredMQTTAccount) throws {
        let account = stored.account
        try database.execute(
            sql: "INSERT INTO mqtt_account (\(Self.columns)) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                account.name, try Self.json(account.publish), try Self.json(account.subscribe),
                Data(stored.digest), account.createdAt.milliseconds,
            ])
    }

    func delete(_ name: String) throws {
        try database.execute(sql: "DELETE FROM mqtt_account WHERE name = ?", arguments: [name])
    }

    private static func json(_ filters: [String]) throws -> String {
        String(decoding: try JSONEncoder().encode(filters), as: UTF8.self)
    }
}

extension DatabaseAccess {
    var mqttAccounts: MQTTAccountTable { MQTTAccountTable(database: database) }
}

extension StoredMQTTAccount {
    fileprivate init(row: Row) throws {
        func filters(_ column: String) throws -> [String] {
            try JSONDecoder().decode([String].self, from: Data((row[column] as String).utf8))
        }
        self.init(
            account: MQTTAccount(
                name: row["name"], publish: try filters("publish"), subscribe: try filters("subscribe"),
                createdAt: row.timestamp("created_at")),
            digest: Array(row["secret_sha256"] as Data))
    }
}
