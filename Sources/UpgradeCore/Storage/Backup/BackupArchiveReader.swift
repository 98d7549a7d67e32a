import FoundationEssentials
import GRDB

/// Reads a backup file, and believes none of it before the digests agree.
final class BackupArchiveReader {
    /// What is in the file.
    let entries: [BackupArchive.Entry]

    private let path: String
    private let queue: DatabaseQueue

    init(path: String) throws {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw BackupError.unreadable(path: path, problem: "there is no such file")
        }
        guard !isFolder else { throw BackupError.unreadable(path: path, problem: "it is a folder") }
        self.path = path
        do {
            var configuration = Configuration()
            configuration.readonly = true
            queue = try DatabaseQueue(path: path, configuration: configuration)
            entries = try queue.read { database in
                guard try Int32.fetchOne(database, sql: "PRAGMA application_id") == BackupArchive.applicationID else {
                    throw BackupError.notABackup(path: path)
                }
                guard try Int32.fetchOne(database, sql: "PRAGMA user_version") == BackupArchive.format else {
                    throw BackupError.newer(path: path)
                }
                return try Row.fetchAll(database, sql: "SELECT name, size, sha256 FROM entry").map { row in
                    // The file's own schema is no promise: a value of another type must be an error, not a trap.
                    guard let name = String.fromDatabaseValue(row["name"]),
                        let size = Int64.fromDatabaseValue(row["size"]),
                        let sha256 = String.fromDatabaseValue(row["sha256"])
                    else { throw BackupError.damaged(path: path, problem: "its table of contents is unreadable") }
                    guard let entry = BackupArchive.EntryName(rawValue: name) else {
                        throw BackupError.damaged(path: path, problem: "it has an entry \(quoted(name))")
                    }
                    return BackupArchive.Entry(name: entry, size: size, sha256: sha256)
                }
            }
        } catch let error as DatabaseError {
            throw Self.meaning(of: error, path: path)
        }
        for needed in [BackupArchive.EntryName.marker, .database] where !entries.contains(where: { $0.name == needed })
        {
            throw BackupError.damaged(path: path, problem: "\(needed.rawValue) is missing from it")
        }
    }

    /// Hands over the bytes of an entry, piece by piece.
    ///
    /// - Throws: ``BackupError/damaged(path:problem:)`` when they were not all as they should be; what was handed over is then worth nothing.
    func read(_ entry: BackupArchive.Entry, _ take: (Data) throws -> Void) throws {
        do {
            try queue.read { database in
                var hash = try SHA256()
                var size: Int64 = 0
                let rows = try Row.fetchCursor(
                    database, sql: "SELECT bytes FROM piece WHERE entry = ? ORDER BY number",
                    arguments: [entry.name.rawValue])
                while let row = try rows.next() {
                    guard let piece = Data.fromDatabaseValue(row["bytes"]) else {
                        throw BackupError.damaged(path: path, problem: "\(entry.name.rawValue) is unreadable")
                    }
                    try piece.withUnsafeBytes { try hash.update($0) }
                    size += Int64(piece.count)
                    guard size <= entry.size else { break }
                    try take(piece)
                }
                let digest = try hash.finalize().hexadecimal
                guard size == entry.size, digest == entry.sha256 else {
                    throw BackupError.damaged(
                        path: path, problem: "\(entry.name.rawValue) is not what was backed up")
                }
            }
        } catch let error as DatabaseError {
            throw Self.meaning(of: error, path: path)
        }
    }

    private static func meaning(of error: DatabaseError, path: String) -> BackupError {
        let problem = oneLine(error.message ?? "\(error.resultCode)")
        return switch error.resultCode {
        case .SQLITE_NOTADB: .notABackup(path: path)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_IOERR: .unreadable(path: path, problem: problem)
        default: .damaged(path: path, problem: problem)
        }
    }
}
