import Foundation
import ProgramSupport

/// How a daemon stood at one moment of a long run.
struct SoakSample {
    var second = 0
    var online = 0
    /// In KiB.
    var memory = 0
    var descriptors = 0
    var threads = 0
    var gateways = 0
    var events = 0
    var upgrades = 0
    /// KiB of the database and its log.
    var file = 0
    /// KiB of what is not the record of upgrades, which grows with every order.
    var bounded = 0

    static let header =
        "| second | online | RSS KiB | descriptors | threads | gateways | events | upgrades | file KiB | without upgrades KiB |"

    var row: String {
        let values = [second, online, memory, descriptors, threads, gateways, events, upgrades, file, bounded]
        return "| " + values.map(String.init).joined(separator: " | ") + " |"
    }

    /// Looks at the process, and at the database by SQLite's own program.
    static func take(of daemon: Daemon, at second: Int) async throws -> SoakSample {
        let figures = try ProcessFigures(of: daemon.processIdentifier)
        let database = daemon.data + "/umd.sqlite3"
        let sql = """
            SELECT count(*) FROM gateway; SELECT count(*) FROM gateway WHERE online = 1;
            SELECT count(*) FROM event; SELECT count(*) FROM upgrade;
            SELECT sum(pgsize) / 1024 FROM dbstat WHERE aggregate = TRUE AND name NOT LIKE '%upgrade%'
                AND name NOT LIKE '%deployment%'
            """
        let outcome = try await Program.run("/usr/bin/sqlite3", ["-cmd", ".timeout 5000", "-readonly", database, sql])
        let values = outcome.output.split(separator: "\n").map { Int($0) ?? 0 }
        guard values.count == 5 else { throw Unreadable(errors: outcome.errors) }
        let sizes = ["", "-wal"].map { suffix in
            let attributes = try? FileManager.default.attributesOfItem(atPath: database + suffix)
            return (attributes?[.size] as? NSNumber)?.intValue ?? 0
        }
        return SoakSample(
            second: second, online: values[1], memory: figures.memory, descriptors: figures.descriptors,
            threads: figures.threads, gateways: values[0], events: values[2], upgrades: values[3],
            file: sizes.reduce(0, +) / 1024, bounded: values[4])
    }

    struct Unreadable: Error { var errors: String }
}

/// Whether a run is flat: after the warm-up nothing grows, apart from what is a record.
enum SoakJudgement {
    private static let bounds: [(name: String, value: @Sendable (SoakSample) -> Int, slack: Int)] = [
        ("memory", { $0.memory }, 16 << 10), ("descriptors", { $0.descriptors }, 64), ("threads", { $0.threads }, 4),
        ("gateways", { $0.gateways }, 0), ("events", { $0.events }, 2000), ("the database", { $0.bounded }, 2048),
    ]

    /// Compares the middle of the second quarter with that of the last: single samples may be what they like.
    static func growth(in samples: [SoakSample]) -> [String] {
        let quarter = samples.count / 4
        guard quarter > 0 else { return ["there are too few samples"] }
        return bounds.compactMap { name, value, slack in
            let before = median(samples[quarter..<(2 * quarter)].map(value))
            let after = median(samples.suffix(quarter).map(value))
            return after > before + before / 8 + slack ? "\(name) grew from \(before) to \(after)" : nil
        }
    }

    private static func median(_ values: [Int]) -> Int { values.sorted()[values.count / 2] }
}
