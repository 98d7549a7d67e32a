/// What a subscription asks for: a topic name whose levels may be wildcards, perhaps shared by a group.
public struct TopicFilter: Hashable, Sendable, CustomStringConvertible {
    /// The whole filter's UTF-8, a shared subscription's `$share/group/` included.
    public let bytes: [UInt8]

    /// Where the part lies that names are matched against: all of the filter unless it is shared.
    public var matchedRange: Range<Int> { Int(matchedStart)..<bytes.count }

    /// No longer than a filter can be: there are many filters in a broker, each with this number.
    private let matchedStart: UInt16

    /// Checks a filter.
    ///
    /// - Parameters:
    ///   - text: the whole filter.
    ///   - version: says whether `$share/group/filter` is a shared subscription.
    /// - Throws: on an empty filter, a misplaced wildcard, a wrong share, U+0000 and more than 65,535 bytes.
    public init(_ text: String, version: ProtocolVersion = .v5_0) throws(PacketError) {
        try TextRules.check(text, "topic filter")
        let bytes = [UInt8](text.utf8)
        let matched = try Self.matchedRange(bytes.span, 0..<bytes.count, origin: 0, version)
        matchedStart = UInt16(truncatingIfNeeded: matched.lowerBound)
        self.bytes = bytes
    }

    /// Reads a filter.
    init(_ reader: inout ByteReader, _ body: Span<UInt8>, _ version: ProtocolVersion) throws(PacketError) {
        // [MQTT-3.8.3-1, MQTT-3.10.3-1]
        let range = try reader.textRange(body, "topic filter")
        let matched = try Self.matchedRange(body, range, origin: reader.origin, version)
        bytes = body.array(range)
        matchedStart = UInt16(truncatingIfNeeded: matched.lowerBound - range.lowerBound)
    }

    /// The group of a shared subscription (section 4.8.2).
    public var shareName: String? {
        guard isShared else { return nil }
        return TextRules.text(bytes.span, Self.sharePrefix.count..<(Int(matchedStart) - 1))
    }

    /// Whether the filter is a shared subscription.
    public var isShared: Bool { matchedStart > 0 }

    /// The filter as text, `$share/group/` included.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The filter as text, `$share/group/` included.
    public var description: String { text }

    /// The levels that names are matched against; give `bytes.span` to its `next`.
    public var levels: TopicLevels { TopicLevels(matchedRange) }

    /// Whether a level is a wildcard.
    public var hasWildcard: Bool {
        ByteScan.hasWildcard(bytes.span, matchedRange)
    }

    /// Whether a message of this name is for the subscription. Wildcards at the first level leave out names that start
    /// with `$` [MQTT-4.7.2-1].
    public func matches(_ name: TopicName) -> Bool {
        matches(name.bytes.span)
    }

    /// The same for a name that still lies in a buffer.
    public func matches(_ name: Span<UInt8>) -> Bool {
        TopicRules.matches(filter: bytes.span, matchedRange, name: name)
    }

    /// Whether the bytes are the same and mean the same: `$share/…` is shared in 5.0 alone.
    public static func == (left: TopicFilter, right: TopicFilter) -> Bool {
        left.matchedStart == right.matchedStart && left.bytes == right.bytes
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    private static let sharePrefix = [UInt8]("$share/".utf8)

    /// Checks the filter and its share name.
    private static func matchedRange(
        _ bytes: Span<UInt8>, _ range: Range<Int>, origin: Int, _ version: ProtocolVersion
    ) throws(PacketError) -> Range<Int> {
        var start = range.lowerBound
        if version.hasSharedSubscriptions, hasSharePrefix(bytes, range) {
            let nameStart = start + sharePrefix.count
            var nameEnd = nameStart
            while nameEnd < range.upperBound, bytes[nameEnd] != TopicRules.separator {
                let byte = bytes[nameEnd]
                guard byte != TopicRules.singleLevel, byte != TopicRules.multiLevel else {
                    throw PacketError(
                        .malformedPacket, at: origin + nameEnd, "a wildcard in a share name", "MQTT-4.8.2-2")
                }
                nameEnd += 1
            }
            guard nameEnd > nameStart else {
                throw PacketError(.malformedPacket, at: origin + nameStart, "an empty share name", "MQTT-4.8.2-1")
            }
            guard nameEnd + 1 < range.upperBound else {
                throw PacketError(
                    .malformedPacket, at: origin + nameEnd, "a share name without a topic filter after it",
                    "MQTT-4.8.2-2")
            }
            start = nameEnd + 1
        }
        try TopicRules.checkFilter(bytes, start..<range.upperBound, origin: origin)
        return start..<range.upperBound
    }

    private static func hasSharePrefix(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count >= sharePrefix.count, bytes[range.lowerBound] == TopicRules.system else { return false }
        for (index, byte) in sharePrefix.enumerated() where bytes[range.lowerBound + index] != byte { return false }
        return true
    }
}
