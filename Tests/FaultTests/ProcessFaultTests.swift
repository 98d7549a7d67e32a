import Foundation
import MQTTWire
import ProgramSupport
import Testing

extension Faults {
    /// The daemon ends at random moments, over and over, while everybody works with it.
    @Suite("The process of the daemon", .timeLimit(.minutes(60)))
    struct ProcessFaultTests {
        @Test("kill -9: whatever anybody was told is true afterwards, and what was ordered comes to its end")
        func kill() async throws {
            try await FaultRun(fault: "kill -9 of umd under load").underLoad { daemon, folder in
                try await daemon.kill()
                try await StoredRecord.expectSoundDatabase(of: daemon.data, in: folder)
                return try await daemon.restarted()
            }
        }

        @Test("kill -9 in TLS mode: also who was logged in by a token still is")
        func killOverTLS() async throws {
            try await FaultRun(fault: "kill -9 of umd under load, TLS", mode: .tls).underLoad { daemon, folder in
                try await daemon.kill()
                try await StoredRecord.expectSoundDatabase(of: daemon.data, in: folder)
                return try await daemon.restarted()
            }
        }

        @Test("SIGTERM: it ends cleanly and tells who understands, and so nothing is lost either")
        func terminate() async throws {
            var password: String?
            try await FaultRun(fault: "SIGTERM of umd under load").underLoad { daemon, folder in
                let known = if let password { password } else { try await Witness.addAccount(on: daemon) }
                password = known
                let witness = try await Witness(of: daemon, password: known)
                #expect(try await daemon.stop() == 0)
                let end = await witness.end
                guard case .disconnectedByServer(.serverShuttingDown, _)? = end else {
                    Issue.record("a client of MQTT 5.0 was not told, but saw \(String(describing: end))")
                    return try await daemon.restarted()
                }
                try await StoredRecord.expectSoundDatabase(of: daemon.data, in: folder)
                return try await daemon.restarted()
            }
        }

        @Test("SIGTERM twice: the second one ends it at once, and nothing is lost")
        func terminateTwice() async throws {
            try await FaultRun(fault: "SIGTERM twice of umd under load").underLoad { daemon, folder in
                let status = try await daemon.stopTwice()
                #expect([0, 128 + SIGTERM].contains(status), "\(status)")
                try await StoredRecord.expectSoundDatabase(of: daemon.data, in: folder)
                return try await daemon.restarted()
            }
        }

        @Test("SIGHUP: it goes on")
        func hangUp() async throws {
            try await FaultRun(fault: "SIGHUP of umd under load").underLoad { daemon, _ in
                daemon.hangUp()
                return daemon
            }
        }
    }
}

/// A client of MQTT 5.0 that waits for the end of its connection.
private struct Witness {
    private static let name = "witness"

    private let client: MQTTClient
    private let states: AsyncStream<MQTTClient.State>

    /// - Returns: the password.
    static func addAccount(on daemon: Daemon) async throws -> String {
        try await daemon.json("mqtt-account", "add", name, "--subscribe", "witness/#")["password"].text
    }

    init(of daemon: Daemon, password: String) async throws {
        var configuration = MQTTClient.Configuration(
            host: "127.0.0.1", port: daemon.mqttPort, clientID: try ClientID(Self.name))
        configuration.userName = Self.name
        configuration.password = [UInt8](password.utf8)
        configuration.reconnect = .never
        client = try MQTTClient(configuration)
        states = client.states
        _ = try await client.connect()
    }

    /// Why its connection ended; nil if it said goodbye itself.
    var end: MQTTClientError? {
        get async {
            for await state in states {
                if case .disconnected(let error?) = state { return error }
            }
            return nil
        }
    }
}
