import Foundation
import ProgramSupport
import Testing

extension Daemon {
    /// Has a gateway say something in a STATUS and leave again, at whatever program speaks for it now.
    func report(_ id: String, _ status: [String: String]) async throws {
        try await TemporaryFolder.with { folder in
            let body = try JSONSerialization.data(withJSONObject: status)
            try FieldFrame.bytes(body).write(to: URL(filePath: folder + "/status"))
            let outcome = try await Program.run(
                "/usr/bin/mosquitto_pub",
                [
                    "--cafile", authority, "-h", "localhost", "-p", "\(mqttPort)", "-u", "user", "-P", "password",
                    "-i", id, "-q", "1", "-t", "TOCLOUD/STATUS/\(id)", "-f", folder + "/status",
                ])
            try #require(outcome.status == 0, "mosquitto_pub for \(id): \(outcome.errors)")
        }
    }
}
