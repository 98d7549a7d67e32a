/// An MQTT topic filter, to say what an account may do: which topics it stands for, and which other filters ask for no more.
///
/// Levels are compared by their bytes. A wildcard at the first level stands for no name that begins with `$` [MQTT-4.7.2-1]. A shared
/// subscription's `$share/group/…` has no meaning of its own here.
public struct MQTTFilter: Hashable, Sendable, CustomStringConvertible {
    /// The filter as it was written.
    public let description: String
    /// At least one. The whole filter `#` is kept as `+/#`, which stands for the same names: each has a first level.
    private let levels: [Level]

    private enum Level: Hashable {
        case name([UInt8])
        /// `+`
        case one
        /// `#`: this level and those after it, or none.
        case rest

        init(_ bytes: ArraySlice<UInt8>) {
            switch bytes {
            case [UInt8(ascii: "+")]: self = .one
            case [UInt8(ascii: "#")]: self = .rest
            default: self = .name(Array(bytes))
            }
        }
    }

    /// Checks a filter.
    ///
    /// - Throws: ``MQTTFilterError``, with the rule that `text` breaks.
    public init(_ text: String) throws(MQTTFilterError) {
        func refused(_ problem: String) -> MQTTFilterError { MQTTFilterError(text: text, problem: problem) }
        let bytes = Array(text.utf8)
        if bytes.isEmpty { throw refused("it is empty") }
        if bytes.count > TextRules.filterLength {
            throw refused("it has \(bytes.count) bytes, the most is \(TextRules.filterLength)")
        }
        if bytes.contains(0) { throw refused("it contains U+0000") }
        let parts = Self.split(bytes)
        for (index, part) in parts.enumerated() {
            if part.contains(UInt8(ascii: "#")), part.count > 1 || index < parts.count - 1 {
                throw refused("'#' stands alone in the last level")
            }
            if part.contains(UInt8(ascii: "+")), part.count > 1 { throw refused("'+' stands alone in its level") }
        }
        let levels = parts.map(Level.init)
        description = text
        self.levels = levels == [.rest] ? [.one, .rest] : levels
    }

    /// Whether this topic's messages are among those that the filter stands for.
    public func matches(topic: String) -> Bool {
        let bytes = Array(topic.utf8)
        guard !bytes.isEmpty, !bytes.contains(where: { $0 == 0 || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") })
        else { return false }
        return Self.covers(levels, Self.split(bytes).map { .name(Array($0)) })
    }

    /// Whether every topic that `other` stands for is one of this filter's.
    public func covers(_ other: MQTTFilter) -> Bool {
        Self.covers(levels, other.levels)
    }

    /// Whether there is a topic that both stand for.
    public func overlaps(_ other: MQTTFilter) -> Bool {
        // After the last level of both there is nothing left to differ in.
        for index in 0...max(levels.count, other.levels.count) {
            switch (levels[at: index], other.levels[at: index]) {
            case (.rest, _), (_, .rest), (nil, nil): return true
            case (nil, _), (_, nil): return false
            case (.one, .one): continue
            case (.one, .name(let name)?), (.name(let name)?, .one):
                if index == 0, name.first == UInt8(ascii: "$") { return false }
            case (.name(let left)?, .name(let right)?): if left != right { return false }
            }
        }
        return false
    }

    /// Whether a name that begins with `$` is among those that the filter stands for: a broker keeps such names for itself.
    var isForReservedNames: Bool {
        if case .name(let name)? = levels.first { name.first == UInt8(ascii: "$") } else { false }
    }

    private static func covers(_ levels: [Level], _ others: [Level]) -> Bool {
        for index in 0...max(levels.count, others.count) {
            switch (levels[at: index], others[at: index]) {
            case (.rest, _), (nil, nil): return true
            case (.one, .name(let name)?): if index == 0, name.first == UInt8(ascii: "$") { return false }
            case (.one, .one): continue
            case (.name(let left)?, .name(let right)?): if left != right { return false }
            // Too few levels, too many, or a wildcard where one name is meant.
            default: return false
            }
        }
        return false
    }

    private static func split(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    }

    /// Whether both stand for the same topics.
    public static func == (left: MQTTFilter, right: MQTTFilter) -> Bool {
        left.levels == right.levels
    }

    /// Hashes the levels.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(levels)
    }
}

/// Why a text is no topic filter.
public struct MQTTFilterError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text, as it came.
    public let text: String
    /// The rule that it breaks.
    public let problem: String

    /// One line that names the text and the rule.
    public var description: String { "\(quoted(text)) is no topic filter: \(problem)" }
}

extension Array {
    /// The element, or nil beyond the end.
    fileprivate subscript(at index: Int) -> Element? { index < count ? self[index] : nil }
}
