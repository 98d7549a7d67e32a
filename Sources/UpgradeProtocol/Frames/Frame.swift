/// One message on a topic: a ``FrameHeader`` and its payload.
public struct Frame: Hashable, Sendable {
    /// When the frame was made, in seconds since 1970.
    public var timestamp: UInt32
    /// The payload's bytes: a message body, or an executable.
    public var payload: [UInt8]

    /// Makes a frame.
    ///
    /// - Parameters:
    ///   - timestamp: seconds since 1970; see ``FrameHeader/timestamp(unixSeconds:)``.
    ///   - payload: at most ``ProtocolLimits/payloadLength`` bytes.
    public init(timestamp: UInt32, payload: [UInt8]) {
        self.timestamp = timestamp
        self.payload = payload
    }

    /// Reads a whole frame.
    ///
    /// - Parameters:
    ///   - bytes: exactly one frame.
    ///   - checksum: which checksums are accepted.
    /// - Throws: ``FrameError``, with the rule that the bytes break and both values.
    public init(decoding bytes: Span<UInt8>, checksum: ChecksumRule = .payloadBytes) throws(FrameError) {
        let header = try FrameHeader(decoding: bytes)
        let payload = bytes.extracting(droppingFirst: ProtocolLimits.frameHeaderLength)
        try header.validate(payload: payload, checksum: checksum)
        timestamp = header.timestamp
        self.payload = payload.withUnsafeBufferPointer { [UInt8]($0) }
    }

    /// Reads a whole frame.
    ///
    /// - Parameters:
    ///   - bytes: exactly one frame.
    ///   - checksum: which checksums are accepted.
    /// - Throws: ``FrameError``, with the rule that the bytes break and both values.
    public init(decoding bytes: [UInt8], checksum: ChecksumRule = .payloadBytes) throws(FrameError) {
        try self.init(decoding: bytes.span, checksum: checksum)
    }

    /// The header that belongs before the payload, its checksum computed anew.
    ///
    /// A payload of more than ``ProtocolLimits/payloadLength`` bytes is a programming error and traps.
    public var header: FrameHeader { FrameHeader(timestamp: timestamp, payload: payload.span) }

    /// The frame's bytes: header, then payload.
    ///
    /// A payload of more than ``ProtocolLimits/payloadLength`` bytes is a programming error and traps.
    public func encoded() -> [UInt8] { header.encoded() + payload }
}
