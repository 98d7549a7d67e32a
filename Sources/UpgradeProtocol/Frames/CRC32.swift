#if canImport(CCRC32)
    import CCRC32
#endif

/// CRC-32/ISO-HDLC, the checksum of zlib and Ethernet: polynomial 0x04C11DB7 reflected, initial value and final XOR
/// 0xFFFFFFFF.
///
/// Bytes may come in pieces of any size: one pass over a file yields the same ``value`` as its whole content at once.
public struct CRC32: Hashable, Sendable {
    /// The checksum of all bytes so far: 0 before the first.
    public private(set) var value: UInt32 = 0

    /// Begins with no bytes.
    public init() {}

    /// Goes on with more bytes.
    ///
    /// - Parameter bytes: the bytes that follow those of earlier calls.
    public mutating func update(_ bytes: Span<UInt8>) {
        #if canImport(CCRC32)
            value = bytes.withUnsafeBufferPointer { ccrc32_update(value, $0.baseAddress, $0.count) }
        #else
            value = SlicingCRC32.continue(value, over: bytes)
        #endif
    }

    /// Goes on with more bytes.
    ///
    /// - Parameter bytes: the bytes that follow those of earlier calls.
    public mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

    /// The checksum of bytes that are all there.
    ///
    /// - Parameter bytes: the bytes.
    /// - Returns: their CRC-32; 0 for none.
    public static func checksum(of bytes: Span<UInt8>) -> UInt32 {
        var crc = CRC32()
        crc.update(bytes)
        return crc.value
    }

    /// The checksum of bytes that are all there.
    ///
    /// - Parameter bytes: the bytes.
    /// - Returns: their CRC-32; 0 for none.
    public static func checksum(of bytes: [UInt8]) -> UInt32 { checksum(of: bytes.span) }

    /// The checksum that gateways in the field compute over text: that of the low bytes of its UTF-16 code units. For
    /// ASCII it is the plain one.
    static func fieldChecksum(ofText text: String) -> UInt32 {
        checksum(of: text.utf16.map { UInt8(truncatingIfNeeded: $0) })
    }
}
