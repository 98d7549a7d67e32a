import Foundation
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

        @Test("SIGTERM: it ends cleanly, and so nothing is lost either")
        func terminate() async throws {
            try await FaultRun(fault: "SIGTERM of umd under load").underLoad { daemon, folder in
                #expect(try await daemon.stop() == 0)
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
