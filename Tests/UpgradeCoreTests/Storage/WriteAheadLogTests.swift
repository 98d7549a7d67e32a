import Foundation
import GRDB
import RandomSupport
import Testing
import WriteAheadLog

/// What a process left that died after so many transactions, and what SQLite makes of it after damage.
private struct DeadDatabase {
    static let transactions = 12

    let folder: String
    private var path: String { folder + "/dead.sqlite3" }
    private let database: Data
    let log: Data
    private let index: Data

    init(in folder: String) throws {
        self.folder = folder
        let living = folder + "/living.sqlite3"
        let pool = try DatabasePool(path: living)
        try pool.writeWithoutTransaction { database in
            try database.execute(
                sql: "PRAGMA wal_autocheckpoint = 0; CREATE TABLE fact (id INTEGER PRIMARY KEY, text TEXT)")
            _ = try Row.fetchAll(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            for number in 1...Self.transactions {
                // Transactions of one page and of several.
                let text = String(repeating: "x", count: number % 3 * 5_000)
                try database.execute(sql: "INSERT INTO fact (text) VALUES (?)", arguments: [text])
            }
        }
        database = try Data(contentsOf: URL(filePath: living))
        log = try Data(contentsOf: URL(filePath: living + "-wal"))
        index = try Data(contentsOf: URL(filePath: living + "-shm"))
        try pool.close()
    }

    /// Puts the files there, with this log and with the index unless the machine was restarted, and tells what is said of them and how many transactions
    /// SQLite finds.
    func opened(log: Data?, afterRestart: Bool) throws -> (damage: String?, found: Int) {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        try database.write(to: URL(filePath: path))
        try log?.write(to: URL(filePath: path + "-wal"))
        if !afterRestart { try index.write(to: URL(filePath: path + "-shm")) }
        let damage = WriteAheadLog.damage(of: path)
        let queue = try DatabaseQueue(path: path)
        let found = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM fact") ?? 0 }
        try queue.close()
        return (damage, found)
    }
}

@Suite("Storage: the write-ahead log of a process that died")
struct WriteAheadLogTests {
    private static let seed = UInt64.random(in: 0...999_999)

    @Test("as it was left it is whole, also after a restart of the machine")
    func whole() async throws {
        try await withTemporaryFolder { folder in
            let dead = try DeadDatabase(in: folder)
            for afterRestart in [false, true] {
                let (damage, found) = try dead.opened(log: dead.log, afterRestart: afterRestart)
                #expect(damage == nil && found == DeadDatabase.transactions)
            }
        }
    }

    @Test(
        "a bit that changed is found whenever it would cost a transaction, and after a restart whenever it would cost more than the last two"
    )
    func flips() async throws {
        try await withTemporaryFolder { folder in
            let dead = try DeadDatabase(in: folder)
            var random = SeededGenerator(seed: Self.seed)
            for round in 0..<120 {
                var log = dead.log
                // Headers are small, and much depends on them.
                let frame = 24 + 4_096
                let offset =
                    round % 4 == 0
                    ? 32 + Int.random(in: 0..<(log.count - 32) / frame, using: &random) * frame
                        + Int.random(in: 0..<24, using: &random)
                    : Int.random(in: 0..<(round % 10 == 0 ? 32 : log.count), using: &random)
                log[offset] ^= 1 << Int.random(in: 0..<8, using: &random)
                let living = try dead.opened(log: log, afterRestart: false)
                #expect(
                    (living.damage != nil) == (living.found < DeadDatabase.transactions),
                    "seed \(Self.seed), byte \(offset): \(living)")
                let restarted = try dead.opened(log: log, afterRestart: true)
                #expect(
                    restarted.damage != nil
                        ? restarted.found < DeadDatabase.transactions
                        : restarted.found >= DeadDatabase.transactions - 2,
                    "seed \(Self.seed), byte \(offset): \(restarted)")
            }
        }
    }

    @Test("a log cut short is taken for what a power cut leaves, but not while the machine has not been restarted")
    func truncation() async throws {
        try await withTemporaryFolder { folder in
            let dead = try DeadDatabase(in: folder)
            var random = SeededGenerator(seed: Self.seed)
            for _ in 0..<60 {
                let log = dead.log.prefix(Int.random(in: 0..<dead.log.count, using: &random))
                let living = try dead.opened(log: log, afterRestart: false)
                #expect(
                    (living.damage != nil) == (living.found < DeadDatabase.transactions),
                    "seed \(Self.seed), \(log.count) bytes: \(living)")
                #expect(try dead.opened(log: log, afterRestart: true).damage == nil)
            }
            #expect(try dead.opened(log: nil, afterRestart: false).damage != nil)
            #expect(try dead.opened(log: nil, afterRestart: true).damage == nil)
        }
    }

    @Test("pages of the last transaction that did not reach the disk are no damage, in whichever order the others did")
    func tornTransaction() async throws {
        try await withTemporaryFolder { folder in
            let dead = try DeadDatabase(in: folder)
            var random = SeededGenerator(seed: Self.seed)
            let frame = 24 + 4_096
            let count = (dead.log.count - 32) / frame
            // A commit is told by the second word of its frame.
            let commits = (0..<count).filter { number in
                dead.log[(32 + number * frame + 4)..<(32 + number * frame + 8)].contains { $0 != 0 }
            }
            let first = commits[commits.count - 2] + 1
            for _ in 0..<40 {
                var log = dead.log
                for sector in (32 + first * frame) / 512...(log.count - 1) / 512 where Bool.random(using: &random) {
                    let range = max(sector * 512, 32 + first * frame)..<min((sector + 1) * 512, log.count)
                    log.replaceSubrange(range, with: Data(count: range.count))
                }
                let (damage, found) = try dead.opened(log: log, afterRestart: true)
                #expect(
                    damage == nil && found >= DeadDatabase.transactions - 1,
                    "seed \(Self.seed): \(damage ?? "") \(found)")
            }
        }
    }
}
