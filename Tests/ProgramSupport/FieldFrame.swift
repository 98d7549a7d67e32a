package import Foundation

/// Frames as a gateway in the field makes them, by code that shares nothing with ours.
package enum FieldFrame {
    /// The frame with this content, as the description says: time, length, CRC-32 (bit by bit) and content.
    package static func bytes(_ content: Data) -> Data {
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
