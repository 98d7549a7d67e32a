import GRDB

/// What an installation remembers of itself.
struct SettingTable {
    let database: Database

    func value(_ key: SettingKey) throws -> String? {
        try String.fetchOne(
            database.cachedStatement(sql: "SELECT value FROM setting WHERE key = ?"), arguments: [key.rawValue])
    }

    func set(_ key: SettingKey, to value: String) throws {
        try database.cachedStatement(
            sql: "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        ).execute(arguments: [key.rawValue, value])
    }
}

/// The name of a setting. Whoever needs one declares it where it is used.
struct SettingKey: RawRepresentable, Hashable, Sendable {
    let rawValue: String
}

extension DatabaseAccess {
    var settings: SettingTable { SettingTable(database: database) }
}
