/// Why bytes are no frame: which rule they break, and the values that disagree.
public enum FrameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There are fewer than the 12 bytes of a header.
    case headerTooShort(byteCount: Int)
    /// The header's length is not the number of bytes that follow it, be it more or less.
    case lengthMismatch(declared: UInt32, actual: Int)
    /// The header's checksum is not that of the payload.
    case crcMismatch(declared: UInt32, computed: UInt32)
    /// A byte stream announces a payload that its reader will not hold.
    case payloadTooLong(declared: UInt32, limit: Int)

    /// One line that names the rule and both values.
    public var description: String {
        switch self {
        case .headerTooShort(let byteCount):
            "the frame has \(byteCount) bytes, its header alone has \(ProtocolLimits.frameHeaderLength)"
        case .lengthMismatch(let declared, let actual):
            "the frame's header says \(declared) bytes of payload, there are \(actual)"
        case .crcMismatch(let declared, let computed):
            "the frame's header says CRC \(hexadecimal(declared)), its payload has \(hexadecimal(computed))"
        case .payloadTooLong(let declared, let limit):
            "the frame's header says \(declared) bytes of payload, the most is \(limit)"
        }
    }
}

private func hexadecimal(_ word: UInt32) -> String {
    let digits = String(word, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
}
