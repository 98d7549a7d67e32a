import GRDB
import UpgradeProtocol

/// The releases. A release that somebody removed stays as a row, because deployments tell of it, but is not found.
struct ReleaseTable {
    let database: Database

    private static let columns =
        "id, version, sha256, size, crc32, added_at, added_by, state, origin, folder_name"

    func find(_ version: Version) throws -> Release? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT \(Self.columns) FROM release WHERE version = ? AND deleted_at IS NULL"),
            arguments: [version.stored]
        ).map(Release.init(row:))
    }

    /// The last one of this version, also if somebody removed it.
    func latest(_ version: Version) throws -> Release? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT \(Self.columns) FROM release WHERE version = ? ORDER BY id DESC LIMIT 1"),
            arguments: [version.stored]
        ).map(Release.init(row:))
    }

    /// Also finds a release that somebody removed.
    func find(_ id: ReleaseID) throws -> Release? {
        try Row.fetchOne(
            database.cachedStatement(sql: "SELECT \(Self.columns) FROM release WHERE id = ?"),
            arguments: [id.rawValue]
        ).map(Release.init(row:))
    }

    /// All of them, the newest version first.
    func all() throws -> [Release] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: "SELECT \(Self.columns) FROM release WHERE deleted_at IS NULL ORDER BY version DESC")
        ).map(Release.init(row:))
    }

    /// The newest version first.
    func list(_ request: PageRequest) throws -> Page<Release> {
        var conditions = Conditions()
        conditions.require("deleted_at IS NULL")
        let list = KeysetList(
            columns: Self.columns, source: "release", conditions: conditions, key: "version", keyIsNumber: true,
            descending: true)
        return try database.page(
            list, request, item: Release.init(row:), cursor: { Cursor(key: $0.version.stored) })
    }

    /// The newest version that may be sent.
    func newestAvailable() throws -> Version? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT max(version) AS version FROM release WHERE deleted_at IS NULL AND state = 'available'")
        )?.optionalVersion("version")
    }

    /// Digests of all copies that a release still needs.
    func digestsInUse() throws -> Set<String> {
        try String.fetchSet(database, sql: "SELECT sha256 FROM release WHERE deleted_at IS NULL")
    }

    /// - Throws: `DatabaseError` when the version exists already; look with ``find(_:)-(Version)`` first.
    func insert(
        version: Version, sha256: String, size: Int64, crc32: UInt32, addedBy: String?, origin: Release.Origin,
        at time: Timestamp
    ) throws -> Release {
        let fileName: String? = if case .folder(let fileName) = origin { fileName } else { nil }
        try database.execute(
            sql: """
                INSERT INTO release (version, sha256, size, crc32, added_at, added_by, state, origin, folder_name)
                VALUES (?, ?, ?, ?, ?, ?, 'available', ?, ?)
                """,
            arguments: [
                version.stored, sha256, size, Int64(crc32), time.milliseconds, addedBy,
                fileName == nil ? "upload" : "folder", fileName,
            ])
        return Release(
            id: ReleaseID(rawValue: database.lastInsertedRowID), version: version, sha256: sha256, size: size,
            crc32: crc32, addedAt: time, addedBy: addedBy, state: .available, origin: origin)
    }

    func setState(_ state: Release.State, of id: ReleaseID) throws {
        try database.execute(
            sql: "UPDATE release SET state = ? WHERE id = ?", arguments: [state.rawValue, id.rawValue])
    }

    /// Removes it for good; the version may then be added anew.
    func delete(_ id: ReleaseID, at time: Timestamp) throws {
        try database.execute(
            sql: "UPDATE release SET state = 'removed', deleted_at = ? WHERE id = ? AND deleted_at IS NULL",
            arguments: [time.milliseconds, id.rawValue])
    }
}

extension DatabaseAccess {
    var releases: ReleaseTable { ReleaseTable(database: database) }
}

extension Release {
    fileprivate init(row: Row) throws {
        let crc32: Int64 = row["crc32"]
        let fileName: String? = row["folder_name"]
        self.init(
            id: ReleaseID(rawValue: row["id"]), version: try row.version("version"), sha256: row["sha256"],
            size: row["size"], crc32: UInt32(truncatingIfNeeded: crc32), addedAt: row.timestamp("added_at"),
            addedBy: row["added_by"], state: try row.name("state"),
            origin: fileName.map { .folder(fileName: $0) } ?? .upload)
    }
}
