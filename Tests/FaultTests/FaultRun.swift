import Foundation
import ProgramSupport
import RandomSupport
import Testing

/// A daemon under load that suffers one fault after another, and the judgement of what is left.
struct FaultRun {
    private static let environment = ProcessInfo.processInfo.environment
    private static let askedRounds = environment["FAULT_ROUNDS"].flatMap { Int($0) }
    /// How many faults `make faults` asks for; `make test` is content with a few.
    static let rounds = askedRounds ?? 3
    /// Whether this is `make faults`.
    static var isAskedFor: Bool { askedRounds != nil }
    static let seed = environment["FAULT_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...999_999)
    /// An upgrade that was cut off is sent again after a minute, one that was cut off twice after two more.
    private static let longestPause = Duration.seconds(200)
    private static let shortPause = Duration.seconds(5)

    /// What is done to the daemon; for the table.
    var fault: String
    var rounds = Self.rounds
    var gateways = 8
    var mode = Daemon.Mode.plain
    /// For the daemon.
    var environment: [String: String] = [:]
    /// Whether no gateway may have to connect twice.
    var endsNoConnection = false
    /// Whether gateways come through a network on which things happen.
    var hasBadNetwork = false
    /// Whether each round is a fault; if not, what happens on the network is.
    var breaksDaemon = true
    /// When nobody could have been told anything, though somebody may have been.
    var blackouts = Blackouts()
    /// Where the data folder lies; nil: beside what the test needs for itself.
    var volume: Volume?

    /// Has everybody work, breaks the daemon at random moments, lets the orders come to their end, and checks everything that anybody was told.
    ///
    /// `breakDown` leaves a daemon that stands: the next one, or the same.
    func underLoad(_ breakDown: (Daemon, _ folder: String) async throws -> Daemon) async throws {
        try await TemporaryFolder.with { folder in
            var random = SeededGenerator(seed: Self.seed)
            let history = try History(in: folder + "/history")
            var daemon = try await Daemon.start(
                on: (volume?.folder ?? folder) + "/data", mode: mode, environment: environment)
            let network = hasBadNetwork ? try FaultProxy(to: daemon.mqttPort, seed: Self.seed) : nil
            defer { network?.stop() }
            let load = FaultLoad(
                on: daemon, gateways: gateways, history: history, folder: folder, seed: Self.seed, network: network)
            async let fleet: Void = load.runGateways()
            async let people: Void = load.runPeople()
            // Also when something is thrown: whoever leaves waits for all that goes on.
            defer { load.stop() }
            var slowest = Duration.zero
            for _ in 0..<rounds {
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...2_000, using: &random)))
                let began = ContinuousClock.now
                daemon = try await breakDown(daemon, folder)
                slowest = max(slowest, ContinuousClock.now - began)
                load.moveOn(to: daemon)
                network?.turn(to: daemon.mqttPort)
            }
            // Faults may have left somebody without a single answer.
            let wasMixed = try await poll(within: .seconds(30), every: .milliseconds(200)) {
                Set(try history.entries().compactMap(\.fact.promise)) == Set(load.promises)
            }
            #expect(wasMixed, "not everything was promised")
            load.stopPeople()
            try await people
            await network?.heal()
            let ended = try await awaitEnds(of: load, on: daemon)
            #expect(ended, "upgrades are pending")
            load.stopGateways()
            try await fleet
            if endsNoConnection { #expect(load.connections == gateways) }
            #expect(try await daemon.stop() == 0)
            let time = slowest.formatted(.units(allowed: [.milliseconds]))
            judge(
                blackouts.lifted(from: try history.entries()), try await StoredRecord(of: daemon.data),
                tried: (breaksDaemon ? rounds : 0) + (network?.mishaps ?? 0),
                note: ((network.map { [$0.summary] } ?? []) + ["stood again after \(time) at most"]).joined(
                    separator: ", "))
        }
    }

    /// Whether every order comes to its end.
    private func awaitEnds(of load: FaultLoad, on daemon: Daemon) async throws -> Bool {
        func nothingIsPending(within limit: Duration) async throws -> Bool {
            try await poll(within: limit, every: .milliseconds(200)) {
                try await daemon.json("gateway", "list", "--state", "pending")["items"].items.isEmpty
            }
        }
        // What was cut off more than once is sent again after minutes; for those who cannot wait a newer order takes its place.
        if hasBadNetwork || !Self.isAskedFor {
            if try await nothingIsPending(within: Self.shortPause) { return true }
            try await load.orderAnew()
        }
        return try await nothingIsPending(within: Self.longestPause)
    }

    private func judge(_ entries: [Entry], _ record: StoredRecord, tried: Int, note: String) {
        let checker = HistoryChecker(entries: entries, record: record)
        let violations = checker.violations()
        FaultTable.add(
            "\(fault) (seed \(Self.seed))", tried: tried, checked: checker.promises, lost: violations.count,
            note: note)
        #expect(tried > 0, "nothing happened")
        #expect(violations.isEmpty, "seed \(Self.seed): \(violations)")
    }
}
