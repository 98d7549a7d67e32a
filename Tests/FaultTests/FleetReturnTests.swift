import Foundation
import ProgramSupport
import Testing

extension Faults {
    /// The daemon dies, and its whole fleet is back at its door within seconds.
    @Suite("A fleet that comes back at once", .timeLimit(.minutes(10))) struct FleetReturnTests {
        private static let gateways = FaultRun.isAskedFor ? 2000 : 200
        private static let modes: [Daemon.Mode] = FaultRun.isAskedFor ? [.plain, .tls] : [.plain]
        /// Of a debug build, with much to spare.
        private static let memoryBound = 512 << 10

        @Test(
            "kill -9: all are online again within a minute, in bounded memory, and commits are shared", arguments: modes
        )
        func comeBack(mode: Daemon.Mode) async throws {
            try await TemporaryFolder.with { folder in
                let first = try await Daemon.start(on: folder + "/data", mode: mode)
                let fleet = try Self.fleet(of: Self.gateways, for: first)
                let came = try await poll(within: .seconds(120), every: .milliseconds(200)) {
                    try await Self.figures(of: first, folder)["upgrade_manager_gateways_online"] == Self.gateways
                }
                #expect(came, "the fleet did not come")
                try await first.kill()
                let port = [mode == .plain ? "--mqtt-port" : "--mqtts-port", "\(first.mqttPort)"]
                let daemon = try await first.restarted(port)
                let began = ContinuousClock.now
                var figures: [String: Int] = [:]
                let isBack = try await poll(within: .seconds(60), every: .milliseconds(200)) {
                    figures = try await Self.figures(of: daemon, folder)
                    // Until the engine has looked, the database still says what was so before.
                    return figures["upgrade_manager_mqtt_clients"] == Self.gateways
                        && figures["upgrade_manager_gateways_online"] == Self.gateways
                }
                let time = ContinuousClock.now - began
                #expect(isBack, "\(figures["upgrade_manager_gateways_online"] ?? 0) of \(Self.gateways) are back")
                #expect(figures["upgrade_manager_gateways"] == Self.gateways, "a gateway was lost or doubled")
                // Each reports and asks twice, and comes: that many changes, if each had a transaction of its own.
                let changes = 4 * Self.gateways
                let reported = try await poll(within: .seconds(30), every: .milliseconds(200)) {
                    figures = try await Self.figures(of: daemon, folder)
                    return figures["upgrade_manager_mqtt_publishes_received_total", default: 0] >= 3 * Self.gateways
                }
                #expect(reported)
                let commits = figures["upgrade_manager_database_commits_total", default: .max]
                #expect(commits < changes, "\(commits) commits for \(changes) changes")
                let process = try ProcessFigures(of: daemon.processIdentifier)
                #expect(process.mostMemory < Self.memoryBound, "\(process.mostMemory) KiB")
                print(
                    """
                    | \(Self.gateways) gateways come back after kill -9, \(mode) | all online after \
                    \(time.formatted(.units(allowed: [.seconds, .milliseconds]))) | \(commits) commits for \(changes) changes \
                    | most memory \(process.mostMemory / 1024) MiB | processor time \
                    \(process.time.formatted(.units(allowed: [.seconds, .milliseconds]))) |
                    """)
                fleet.terminate()
                _ = try await fleet.end()
                #expect(try await daemon.stop() == 0)
            }
        }

        private static func fleet(of count: Int, for daemon: Daemon) throws -> Program {
            let connection = daemon.mode == .plain ? ["--nossl"] : ["--data", daemon.data]
            return try Program(
                "gateway-sim", ["fleet", "2", "--port", "\(daemon.mqttPort)", "--count", "\(count)"] + connection)
        }

        /// The samples without labels.
        private static func figures(of daemon: Daemon, _ folder: String) async throws -> [String: Int] {
            let text = try await Visitor(of: daemon, in: folder).get("/metrics").body
            return text.split(separator: "\n").reduce(into: [:]) { figures, line in
                let words = line.split(separator: " ")
                if words.count == 2, let value = Int(words[1]) { figures[String(words[0])] = value }
            }
        }
    }
}
