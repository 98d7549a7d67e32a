import UpgradeProtocol

extension Operation {
    static let frames: [Operation] = {
        let frame = Frame(timestamp: 1_466_000_000, payload: Bytes.hundred)
        let bytes = frame.encoded()
        return [
            // Each result that is kept costs as much, whatever the codec does beside it.
            Operation("copy of 100 B") { bytes.span.withUnsafeBufferPointer { [UInt8]($0) } },
            Operation("frame of 100 B, decode") { try Frame(decoding: bytes) },
            Operation("frame of 100 B, encode") { frame.encoded() },
            Operation("frame header, decode") { try FrameHeader(decoding: bytes.span) },
            Operation("frame of 100 B from a stream, decode") {
                var decoder = FrameStreamDecoder()
                var rest = bytes[...]
                return try decoder.next(from: &rest)
            },
        ]
    }()

    static let checksums: [Operation] = [
        checksum("64 B", 64), checksum("1 KiB", 1 << 10), checksum("1 MiB", 1 << 20, count: 20),
    ]

    private static func checksum(_ size: String, _ byteCount: Int, count: Int = 2000) -> Operation {
        let bytes = [UInt8](repeating: 0x5A, count: byteCount)
        return Operation("CRC-32 of \(size)", count: count) { CRC32.checksum(of: bytes) }
    }
}

enum Bytes {
    static let hundred = [UInt8](0..<100)
}
