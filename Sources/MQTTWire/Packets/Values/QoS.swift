/// How hard a delivery tries: at most once, at least once, exactly once (section 4.3).
public enum QoS: UInt8, CaseIterable, Hashable, Comparable, Sendable {
    /// Sent once, without an answer.
    case atMostOnce = 0
    /// Sent until PUBACK comes; it may arrive more than once.
    case atLeastOnce = 1
    /// Sent with two round trips, of which the receiver remembers the first.
    case exactlyOnce = 2

    /// Whether a delivery tries less hard than another.
    public static func < (left: QoS, right: QoS) -> Bool {
        left.rawValue < right.rawValue
    }
}
