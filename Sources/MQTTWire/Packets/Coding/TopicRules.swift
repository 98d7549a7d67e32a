/// What topic names and topic filters must keep to (section 4.7), over text that has been checked to be UTF-8.
enum TopicRules {
    static let separator = UInt8(ascii: "/")
    static let singleLevel = UInt8(ascii: "+")
    static let multiLevel = UInt8(ascii: "#")
    static let system = UInt8(ascii: "$")

    /// A name has at least one character and no wildcard.
    static func checkName(_ bytes: Span<UInt8>, _ range: Range<Int>, origin: Int) throws(PacketError) {
        guard !range.isEmpty else {
            throw PacketError(
                .malformedPacket, at: origin + range.lowerBound, "an empty topic name", "MQTT-4.7.3-1")
        }
        guard ByteScan.hasWildcard(bytes, range) else { return }
        for index in range where bytes[index] == singleLevel || bytes[index] == multiLevel {
            throw PacketError(
                .malformedPacket, at: origin + index, "a wildcard in a topic name", "MQTT-4.7.0-1")
        }
    }

    /// A filter has at least one character; `#` is its whole last level, `+` is a whole level.
    static func checkFilter(_ bytes: Span<UInt8>, _ range: Range<Int>, origin: Int) throws(PacketError) {
        guard !range.isEmpty else {
            throw PacketError(
                .malformedPacket, at: origin + range.lowerBound, "an empty topic filter", "MQTT-4.7.3-1")
        }
        guard ByteScan.hasWildcard(bytes, range) else { return }
        for index in range {
            let byte = bytes[index]
            guard byte == singleLevel || byte == multiLevel else { continue }
            let startsLevel = index == range.lowerBound || bytes[index - 1] == separator
            let isLast = index + 1 == range.upperBound
            if byte == multiLevel, !(startsLevel && isLast) {
                throw PacketError(
                    .malformedPacket, at: origin + index, "# that is not the whole last level of a topic filter",
                    "MQTT-4.7.1-1")
            }
            if byte == singleLevel, !(startsLevel && (isLast || bytes[index + 1] == separator)) {
                throw PacketError(
                    .malformedPacket, at: origin + index, "+ that is not a whole level of a topic filter",
                    "MQTT-4.7.1-2")
            }
        }
    }

    /// Whether a filter without share matches a name: level by level, `$` at the start by itself alone [MQTT-4.7.2-1].
    static func matches(filter: Span<UInt8>, _ filterRange: Range<Int>, name: Span<UInt8>) -> Bool {
        var filterLevels = TopicLevels(filterRange)
        var nameLevels = TopicLevels(0..<name.count)
        var isFirst = true
        while let pattern = filterLevels.next(filter) {
            let wildcard = pattern.count == 1 ? filter[pattern.lowerBound] : 0
            let isWildcard = wildcard == singleLevel || wildcard == multiLevel
            if isFirst, isWildcard, name.count > 0, name[0] == system { return false }
            isFirst = false
            if wildcard == multiLevel { return true }
            guard let level = nameLevels.next(name) else { return false }
            if isWildcard { continue }
            guard equal(filter, pattern, name, level) else { return false }
        }
        return nameLevels.isAtEnd
    }

    private static func equal(
        _ left: Span<UInt8>, _ leftRange: Range<Int>, _ right: Span<UInt8>, _ rightRange: Range<Int>
    ) -> Bool {
        guard leftRange.count == rightRange.count else { return false }
        for index in 0..<leftRange.count
        where left[leftRange.lowerBound + index] != right[rightRange.lowerBound + index] {
            return false
        }
        return true
    }
}
