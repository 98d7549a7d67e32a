/// Which checksums a reader of frames accepts.
public enum ChecksumRule: Hashable, Sendable {
    /// The CRC-32 of the payload's bytes alone: what the protocol says, and what every sender should send.
    case payloadBytes
    /// Also, where the payload is text, the CRC that gateways in the field compute over text that is not ASCII: that of
    /// the low bytes of the text's UTF-16 code units. For the cloud's side; never sent.
    ///
    /// Text is a payload of valid UTF-8 with at most ``ProtocolLimits/messageLength`` bytes.
    case payloadBytesOrFieldText
}

extension ChecksumRule {
    /// Whether a checksum that is not the payload's CRC-32 counts all the same.
    func admits(_ declared: UInt32, for payload: Span<UInt8>) -> Bool {
        guard self == .payloadBytesOrFieldText, payload.count <= ProtocolLimits.messageLength,
            let text = payload.withUnsafeBufferPointer({ String(validating: $0, as: UTF8.self) })
        else { return false }
        return CRC32.fieldChecksum(ofText: text) == declared
    }
}
