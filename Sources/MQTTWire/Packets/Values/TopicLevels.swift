/// Walks over the levels of a topic name or filter without copying them.
///
/// It is given the bytes at each call, so that it serves a name that still lies in the receive buffer as well. Levels
/// may be empty: `/a` has two.
public struct TopicLevels: Sendable {
    private var position: Int
    private let end: Int

    /// True once the last level has been given.
    public private(set) var isAtEnd = false

    /// The levels of the topic that lies in this range of the bytes.
    public init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// Where the next level lies; nil after the last.
    public mutating func next(_ bytes: Span<UInt8>) -> Range<Int>? {
        guard !isAtEnd else { return nil }
        let start = position
        while position < end {
            if bytes[position] == TopicRules.separator {
                defer { position += 1 }
                return start..<position
            }
            position += 1
        }
        isAtEnd = true
        return start..<end
    }
}
