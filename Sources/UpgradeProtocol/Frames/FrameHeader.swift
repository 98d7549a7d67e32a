/// The 12 bytes that begin every frame, apart from the payload, so that a payload of many megabytes is never copied.
///
/// ```text
///  0       4                8             12
///  ┌───────┬────────────────┬─────────────┬───────────
///  │ time  │ payload length │ payload CRC │ payload …      32-bit words, big-endian
///  └───────┴────────────────┴─────────────┴───────────
/// ```
public struct FrameHeader: Hashable, Sendable {
    /// When the frame was made, in seconds since 1970. Unsigned, so that it survives 2038; any value is accepted.
    public var timestamp: UInt32
    /// Bytes of the payload that the header promises. It came from outside: see ``validate(payload:checksum:)``.
    public var payloadLength: UInt32
    /// CRC-32 of the payload. 0 for an empty one.
    public var payloadCRC: UInt32

    /// Makes a header for a payload whose length and checksum are known.
    ///
    /// - Parameters:
    ///   - timestamp: seconds since 1970.
    ///   - payloadLength: bytes of the payload.
    ///   - payloadCRC: the payload's ``CRC32``.
    public init(timestamp: UInt32, payloadLength: UInt32, payloadCRC: UInt32) {
        self.timestamp = timestamp
        self.payloadLength = payloadLength
        self.payloadCRC = payloadCRC
    }

    /// Makes the header that belongs before a payload.
    ///
    /// - Parameters:
    ///   - timestamp: seconds since 1970.
    ///   - payload: at most ``ProtocolLimits/payloadLength`` bytes; more is a programming error and traps.
    public init(timestamp: UInt32, payload: Span<UInt8>) {
        precondition(payload.count <= ProtocolLimits.payloadLength, "a frame's payload has a limit")
        self.init(
            timestamp: timestamp, payloadLength: UInt32(payload.count), payloadCRC: CRC32.checksum(of: payload))
    }

    /// Reads the header at the start of `bytes`; what follows it is left alone.
    ///
    /// - Parameter bytes: a frame, or its beginning.
    /// - Throws: ``FrameError/headerTooShort(byteCount:)`` for fewer than 12 bytes.
    public init(decoding bytes: Span<UInt8>) throws(FrameError) {
        guard bytes.count >= ProtocolLimits.frameHeaderLength else {
            throw .headerTooShort(byteCount: bytes.count)
        }
        timestamp = bytes.bigEndianWord(at: 0)
        payloadLength = bytes.bigEndianWord(at: 4)
        payloadCRC = bytes.bigEndianWord(at: 8)
    }

    /// The header's 12 bytes.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(ProtocolLimits.frameHeaderLength)
        for word in [timestamp, payloadLength, payloadCRC] {
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(shift))) }
        }
        return bytes
    }

    /// Checks that a payload is the one which this header announces.
    ///
    /// - Parameters:
    ///   - payload: everything that follows the header.
    ///   - checksum: which checksums are accepted.
    /// - Throws: ``FrameError/lengthMismatch(declared:actual:)`` or ``FrameError/crcMismatch(declared:computed:)``.
    public func validate(payload: Span<UInt8>, checksum: ChecksumRule = .payloadBytes) throws(FrameError) {
        guard UInt64(payloadLength) == UInt64(payload.count) else {
            throw .lengthMismatch(declared: payloadLength, actual: payload.count)
        }
        let computed = CRC32.checksum(of: payload)
        guard computed == payloadCRC || checksum.admits(payloadCRC, for: payload) else {
            throw .crcMismatch(declared: payloadCRC, computed: computed)
        }
    }

    /// The frame timestamp of a moment.
    ///
    /// - Parameter unixSeconds: seconds since 1970.
    /// - Returns: its low 32 bits, which name the moment without doubt until 2106.
    public static func timestamp(unixSeconds: Int64) -> UInt32 {
        UInt32(truncatingIfNeeded: unixSeconds)
    }
}

extension Span<UInt8> {
    fileprivate func bigEndianWord(at offset: Int) -> UInt32 {
        var word: UInt32 = 0
        for index in offset..<offset + 4 { word = word << 8 | UInt32(self[index]) }
        return word
    }
}
