import MQTTWire

/// A topic, a filter without its share, or one of their levels, as a dictionary key.
///
/// `[UInt8]` would do, but it hashes byte by byte, which costs four times as much.
struct TopicBytes: Hashable, Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// The levels, split once for a whole walk through a tree.
    var levels: [TopicBytes] {
        bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { TopicBytes([UInt8]($0)) }
    }

    /// Filters that begin with a wildcard do not match a topic whose first level begins so [MQTT-4.7.2-1].
    var beginsWithDollar: Bool { bytes.first == UInt8(ascii: "$") }

    static let singleLevelWildcard = TopicBytes([UInt8(ascii: "+")])
    static let multiLevelWildcard = TopicBytes([UInt8(ascii: "#")])
}

extension TopicName {
    /// How many levels the name has.
    var levelCount: Int { bytes.reduce(1) { $1 == UInt8(ascii: "/") ? $0 + 1 : $0 } }
}

extension TopicFilter {
    /// How many levels the filter has, without a share.
    var levelCount: Int { bytes[matchedRange].reduce(1) { $1 == UInt8(ascii: "/") ? $0 + 1 : $0 } }

    /// The part that topics are matched against, without a share.
    var matched: TopicBytes { isShared ? TopicBytes([UInt8](bytes[matchedRange])) : TopicBytes(bytes) }
}
