import Foundation
import ProgramSupport
import Testing

/// The file of MQTT sessions, by the real daemon.
@Suite("The store of MQTT sessions", .timeLimit(.minutes(2)))
struct BrokerStoreTests {
    @Test("A damaged file of sessions stops the start, which says which file it is and what to do")
    func damagedFile() async throws {
        try await TemporaryFolder.with { folder in
            let data = folder + "/data"
            let daemon = try await Daemon.start(on: data, [], mode: .plain)
            let well = try await daemon.umctl("doctor")
            #expect(well.output.contains("MQTT sessions: 0 stored"), "\(well)")
            #expect(try await daemon.stop() == 0)
            let file = data + "/broker/sessions.sqlite3"
            try Data(repeating: 0x5A, count: 16_384).write(to: URL(filePath: file))
            let outcome = try await Program.run(
                "umd", ["--data", data, "--nossl", "--http-port", "0", "--mqtt-port", "0"])
            #expect(outcome.status == 78, "\(outcome)")
            #expect(outcome.errors.contains("\(file) is damaged"), "\(outcome)")
            #expect(outcome.errors.contains("move it away to begin without sessions"), "\(outcome)")
            let broken = try await Program.run("umctl", ["--data", data, "doctor"])
            #expect(broken.status != 0 && broken.output.contains("\(file) is damaged"), "\(broken)")
            try FileManager.default.removeItem(atPath: file)
            let again = try await Daemon.start(on: data, [], mode: .plain)
            #expect(try await again.stop() == 0)
        }
    }
}
