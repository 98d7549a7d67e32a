import Foundation
import ProgramSupport
import RandomSupport
import Testing

/// A daemon under load that suffers one fault after another, and the judgement of what is left.
struct FaultRun {
    private static let environment = ProcessInfo.processInfo.environment
    /// `make faults` asks for many more.
    static let rounds = environment["FAULT_ROUNDS"].flatMap { Int($0) } ?? 5
    static let seed = environment["FAULT_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...999_999)

    /// What is done to the daemon; for the table.
    var fault: String
    var rounds = Self.rounds
    var gateways = 8

    /// Has everybody work, breaks the daemon at random moments, lets the orders come to their end, and checks everything that anybody was told.
    ///
    /// `breakDown` leaves a daemon that stands: the next one, or the same.
    func underLoad(_ breakDown: (Daemon, _ folder: String) async throws -> Daemon) async throws {
        try await TemporaryFolder.with { folder in
            var random = SeededGenerator(seed: Self.seed)
            let history = try History(in: folder + "/history")
            var daemon = try await Daemon.start(on: folder + "/data")
            let load = FaultLoad(on: daemon, gateways: gateways, history: history, folder: folder, seed: Self.seed)
            async let fleet: Void = load.runGateways()
            async let people: Void = load.runPeople()
            var slowest = Duration.zero
            for _ in 0..<rounds {
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...2_000, using: &random)))
                let began = ContinuousClock.now
                daemon = try await breakDown(daemon, folder)
                slowest = max(slowest, ContinuousClock.now - began)
                load.moveOn(to: daemon)
            }
            try await Task.sleep(for: .seconds(1))
            load.stopPeople()
            try await people
            let ended = try await poll(within: .seconds(60), every: .milliseconds(200)) {
                try await daemon.json("gateway", "list", "--state", "pending")["items"].items.isEmpty
            }
            #expect(ended, "upgrades are pending")
            load.stopGateways()
            try await fleet
            #expect(try await daemon.stop() == 0)
            judge(try history.entries(), try await StoredRecord(of: daemon.data), slowest)
        }
    }

    private func judge(_ entries: [Entry], _ record: StoredRecord, _ slowest: Duration) {
        let checker = HistoryChecker(entries: entries, record: record)
        let violations = checker.violations()
        FaultTable.add(
            "\(fault) (seed \(Self.seed))", tried: rounds, checked: checker.promises, lost: violations.count,
            note: "stood again after \(slowest.formatted(.units(allowed: [.milliseconds]))) at most")
        #expect(violations.isEmpty, "seed \(Self.seed): \(violations)")
        let missing = Set(Promise.allCases).subtracting(checker.promises.keys)
        #expect(missing.isEmpty, "nobody was promised \(missing)")
    }
}
