import FoundationEssentials
import GRDB
import Glibc

/// Writes a backup file under a provisional name; only ``finish()`` gives it its own.
final class BackupArchiveWriter {
    private let path: String
    private let draft: String
    private let queue: DatabaseQueue
    private var isFinished = false

    init(path: String) throws {
        self.path = path
        draft = path + ".partial"
        unlink(draft)
        try FileBytes.createEmpty(draft)
        do {
            queue = try DatabaseQueue(path: draft)
            try queue.writeWithoutTransaction { database in
                // A file that is not finished is thrown away: its journal may be lost, and it is flushed once, at its end.
                try database.execute(sql: "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")
                try database.execute(sql: "PRAGMA application_id = \(BackupArchive.applicationID)")
                try database.execute(sql: "PRAGMA user_version = \(BackupArchive.format)")
                try database.execute(sql: BackupArchive.tables)
            }
        } catch {
            unlink(draft)
            throw error
        }
    }

    deinit {
        if !isFinished { unlink(draft) }
    }

    /// Adds bytes that are all in memory.
    func add(_ name: BackupArchive.EntryName, _ data: Data) throws {
        try add(name) { take in try data.withUnsafeBytes(take) }
    }

    /// Adds the bytes of a file.
    ///
    /// - Throws: ``UnexpectedDigest`` when they do not have the digest that they should have; the entry is then not in the archive.
    func add(_ name: BackupArchive.EntryName, file: String, expecting digest: String? = nil) throws {
        try add(name, expecting: digest) { take in try FileBytes.read(file, inPiecesOf: BackupArchive.pieceSize, take) }
    }

    /// A file's bytes have another digest than the one they go by.
    struct UnexpectedDigest: Error {}

    /// Makes what was added durable and gives the file its name, in place of an older file of that name.
    func finish() throws {
        try queue.close()
        do {
            try DurableFiles.synchronise(draft)
            try DurableFiles.move(draft, to: path)
        } catch {
            throw BackupError.cannotWrite(path: path, problem: error.problem)
        }
        isFinished = true
    }

    private func add(
        _ name: BackupArchive.EntryName, expecting expected: String? = nil,
        from source: (_ take: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        try queue.inTransaction { database in
            let insert = try database.cachedStatement(sql: "INSERT INTO piece (entry, number, bytes) VALUES (?, ?, ?)")
            var hash = try SHA256()
            var size: Int64 = 0
            var number = 0
            try source { bytes in
                try hash.update(bytes)
                size += Int64(bytes.count)
                try insert.execute(arguments: [name.rawValue, number, Data(bytes)])
                number += 1
            }
            let digest = try hash.finalize().hexadecimal
            guard expected == nil || expected == digest else { throw UnexpectedDigest() }
            try database.execute(
                sql: "INSERT INTO entry (name, size, sha256) VALUES (?, ?, ?)",
                arguments: [name.rawValue, size, digest])
            return .commit
        }
    }
}
