/// The name that a message is published under: not empty, no wildcard, at most 65,535 bytes.
///
/// Names are compared byte by byte, without regard to Unicode normalisation [MQTT-4.7.3-4].
public struct TopicName: Hashable, Sendable, CustomStringConvertible {
    /// The name's UTF-8.
    public let bytes: [UInt8]

    /// Throws on an empty name, a wildcard, U+0000 and more than 65,535 bytes.
    public init(_ text: String) throws(PacketError) {
        try TextRules.check(text, "topic name")
        let bytes = [UInt8](text.utf8)
        try TopicRules.checkName(bytes.span, 0..<bytes.count, origin: 0)
        self.bytes = bytes
    }

    /// For a name that has been checked.
    init(checked bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The name as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The name as text.
    public var description: String { text }

    /// The name's levels; give `bytes.span` to its `next`.
    public var levels: TopicLevels { TopicLevels(0..<bytes.count) }

    /// Whether the name starts with `$` and so is out of the reach of a wildcard at a filter's first level.
    public var isSystem: Bool { bytes.first == TopicRules.system }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
