/// Takes frames one by one from a stream of bytes that arrives in pieces of any size.
///
/// It holds no more than the frame in progress. Bytes that do not complete a frame are no error:
/// ``next(from:)`` returns nil, and the next piece goes on where they ended.
///
/// ```swift
/// var decoder = FrameStreamDecoder()
/// for piece in pieces {
///     var rest = piece[...]
///     while let frame = try decoder.next(from: &rest) { handle(frame) }
/// }
/// try decoder.finish()
/// ```
public struct FrameStreamDecoder: Sendable {
    /// Bytes of the largest payload that this decoder holds.
    public let payloadLimit: Int
    /// Which checksums are accepted.
    public let checksum: ChecksumRule

    private var headerBytes: [UInt8] = []
    private var header: FrameHeader?
    private var payload: [UInt8] = []
    private var failure: FrameError?

    /// Begins at the start of a frame.
    ///
    /// - Parameters:
    ///   - payloadLimit: bytes of the largest payload to hold.
    ///   - checksum: which checksums are accepted.
    public init(payloadLimit: Int = ProtocolLimits.payloadLength, checksum: ChecksumRule = .payloadBytes) {
        self.payloadLimit = payloadLimit
        self.checksum = checksum
    }

    /// Takes bytes from the front of `input` until a frame is complete or nothing is left.
    ///
    /// - Parameter input: the bytes that arrived; those that were used are removed from its front.
    /// - Returns: the next frame, or nil when all of `input` was used and the frame in progress wants more.
    /// - Throws: ``FrameError``. A stream that has lost its frame boundaries cannot find them again, so every later call
    ///   throws the same error.
    public mutating func next(from input: inout ArraySlice<UInt8>) throws(FrameError) -> Frame? {
        if let failure { throw failure }
        do {
            return try takeFrame(from: &input)
        } catch {
            failure = error
            (headerBytes, header, payload) = ([], nil, [])
            throw error
        }
    }

    /// Says that the stream has ended.
    ///
    /// - Throws: ``FrameError/headerTooShort(byteCount:)`` or ``FrameError/lengthMismatch(declared:actual:)`` when it
    ///   ended within a frame, or the error that an earlier call threw.
    public func finish() throws(FrameError) {
        if let failure { throw failure }
        if let header { throw .lengthMismatch(declared: header.payloadLength, actual: payload.count) }
        if !headerBytes.isEmpty { throw .headerTooShort(byteCount: headerBytes.count) }
    }

    private mutating func takeFrame(from input: inout ArraySlice<UInt8>) throws(FrameError) -> Frame? {
        guard let header = try takeHeader(from: &input) else { return nil }
        // Room is made for bytes that are there, never for those that are only announced.
        let missing = Int(header.payloadLength) - payload.count
        payload.append(contentsOf: input.prefix(missing))
        input = input.dropFirst(missing)
        guard payload.count == Int(header.payloadLength) else { return nil }
        try header.validate(payload: payload.span, checksum: checksum)
        defer { (headerBytes, self.header, payload) = ([], nil, []) }
        return Frame(timestamp: header.timestamp, payload: payload)
    }

    private mutating func takeHeader(from input: inout ArraySlice<UInt8>) throws(FrameError) -> FrameHeader? {
        if let header { return header }
        let missing = ProtocolLimits.frameHeaderLength - headerBytes.count
        headerBytes.append(contentsOf: input.prefix(missing))
        input = input.dropFirst(missing)
        guard headerBytes.count == ProtocolLimits.frameHeaderLength else { return nil }
        let header = try FrameHeader(decoding: headerBytes.span)
        guard UInt64(header.payloadLength) <= UInt64(max(payloadLimit, 0)) else {
            throw .payloadTooLong(declared: header.payloadLength, limit: payloadLimit)
        }
        self.header = header
        return header
    }
}
