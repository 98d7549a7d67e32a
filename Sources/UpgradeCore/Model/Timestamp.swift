import FoundationEssentials

/// A moment as the database keeps it: whole milliseconds since 1970-01-01 UTC.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Since 1970-01-01 UTC, without leap seconds.
    public let milliseconds: Int64

    /// The moment so many milliseconds after 1970 began.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The wall clock's time. Deadlines must not be measured with it: it can be set back.
    @Sendable
    public static func now() -> Timestamp {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }

    /// Whether a moment is before another.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
