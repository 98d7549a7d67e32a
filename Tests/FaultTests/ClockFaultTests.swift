import Foundation
import ProgramSupport
import Testing

extension Faults {
    @Suite("The wall clock", .timeLimit(.minutes(30)), .enabled(if: WallClock.canBeSet, "needs libfaketime"))
    struct ClockFaultTests {
        private static let year = 365 * 86_400

        @Test("It jumps by years: no connection ends for it, and everything goes on")
        func jumps() async throws {
            try await TemporaryFolder.with { folder in
                let clock = try WallClock(in: folder)
                let offsets = [Self.year, -Self.year, WallClock.secondsTo2038, 0]
                var jumps = 0
                var run = FaultRun(fault: "wall clock of umd set by a year either way, and to 2038")
                run.environment = clock.environment
                run.endsNoConnection = true
                try await run.underLoad { daemon, _ in
                    try clock.set(aheadBy: offsets[jumps % offsets.count])
                    jumps += 1
                    try await Task.sleep(for: WallClock.delay)
                    return daemon
                }
            }
        }

        @Test(
            "It jumps while an upgrade is waited for, also across restarts: the deadline is neither passed over nor put off"
        )
        func deadlines() async throws {
            try await TemporaryFolder.with { folder in
                let clock = try WallClock(in: folder)
                let arguments = ["--upgrade-timeout", "20s"]
                var daemon = try await Daemon.start(on: folder + "/data", arguments, environment: clock.environment)
                try await daemon.drop("1.5", Data("1.5".utf8))
                let absent = try await FieldGateway.known("gw3", to: daemon)
                try await absent.disconnect()
                try await daemon.expect("gw3", "online", is: "0")
                // It takes what it is sent, and never says that it runs it.
                let silent = try await FieldGateway.known("gw2", to: daemon)
                let began = ContinuousClock.now
                #expect(
                    try await daemon.umctl("push", "--version", "1.5", "--gateway", "gw2", "--gateway", "gw3").status
                        == 0)
                _ = try await silent.next("/UPGRADE/gw2")
                for offset in [Self.year, -Self.year] {
                    try clock.set(aheadBy: offset)
                    try await Task.sleep(for: WallClock.delay)
                    #expect(try await daemon.gateway("gw2")["state"].text == "pending")
                    #expect(try await daemon.stop() == 0)
                    daemon = try await daemon.restarted(arguments, environment: clock.environment)
                    #expect(try await daemon.gateway("gw2")["state"].text == "pending")
                }
                let again = try await FieldGateway.known("gw2", to: daemon)
                try await daemon.expect("gw2", "state", is: "timedOut", within: .seconds(120))
                #expect(ContinuousClock.now - began > .seconds(18))
                #expect(try await daemon.gateway("gw3")["state"].text == "pending")
                try await again.disconnect()
                #expect(try await daemon.stop() == 0)
            }
        }

        @Test("After 2038-01-19 frames have the right time, and upgrades are ordered and confirmed as ever")
        func afterTheEndOf31Bits() async throws {
            try await TemporaryFolder.with { folder in
                let clock = try WallClock(in: folder)
                try clock.set(aheadBy: WallClock.secondsTo2038)
                let daemon = try await Daemon.start(on: folder + "/data", environment: clock.environment)
                let gateway = try await FieldGateway.known("gw2", to: daemon)
                try await daemon.drop("1.5", Data("1.5".utf8))
                #expect(try await daemon.umctl("push", "--version", "1.5", "--gateway", "gw2").status == 0)
                let message = try await gateway.next("/UPGRADE/gw2")
                #expect(message.text == "1.5")
                let seconds = message.payload.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                #expect(seconds > UInt32(Int32.max) && seconds < 1 << 31 + 2_000_000, "\(seconds)")
                try await gateway.reportStatus("1.5", qos: 1)
                try await daemon.expect("gw2", "state", is: "confirmed")
                #expect(try await daemon.gateway("gw2")["lastSeen"].text.hasPrefix("2038-02"))
                #expect(try await daemon.stop() == 0)
            }
        }
    }
}

/// The wall clock as a process sees it through libfaketime; its monotonic clocks are the system's.
struct WallClock {
    private static let library = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib"))?
        .map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }
        .first { FileManager.default.fileExists(atPath: $0) }

    static var canBeSet: Bool { library != nil }

    /// From now until 2038-02-01.
    static var secondsTo2038: Int { 2_148_595_200 - Int(Date().timeIntervalSince1970) }

    /// How long it may take until a clock that was set shows it.
    static let delay = Duration.seconds(2)

    private let file: String

    init(in folder: String) throws {
        file = folder + "/clock"
        try set(aheadBy: 0)
    }

    var environment: [String: String] {
        [
            "LD_PRELOAD": Self.library ?? "", "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        ]
    }

    func set(aheadBy seconds: Int) throws {
        try Data("\(seconds < 0 ? "" : "+")\(seconds)s\n".utf8).write(to: URL(filePath: file), options: .atomic)
    }
}
