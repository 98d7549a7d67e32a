import Foundation
import ProgramSupport
import Testing

extension Daemon {
    /// Has a gateway say something in a STATUS and leave again, at whatever program speaks for it now.
    func report(_ id: String, _ status: [String: String]) async throws {
        try await TemporaryFolder.with { folder in
            let body = try JSONSerialization.data(withJSONObject: status)
            try Self.frame(body).write(to: URL(filePath: folder + "/status"))
            let outcome = try await Program.run(
                "/usr/bin/mosquitto_pub",
                [
                    "--cafile", authority, "-h", "localhost", "-p", "\(mqttPort)", "-u", "user", "-P", "password",
                    "-i", id, "-q", "1", "-t", "TOCLOUD/STATUS/\(id)", "-f", folder + "/status",
                ])
            try #require(outcome.status == 0, "mosquitto_pub for \(id): \(outcome.errors)")
        }
    }

    /// A frame of the protocol: time, length, CRC-32 and content.
    private static func frame(_ content: Data) -> Data {
        var crc: UInt32 = .max
        for byte in content {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        let words: [UInt32] = [UInt32(Date().timeIntervalSince1970), UInt32(content.count), ~crc]
        return Data(words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } })
            + content
    }
}
