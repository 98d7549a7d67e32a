/// How hard a delivery tries: at most once, at least once, exactly once (section 4.3).
public enum QoS: UInt8, CaseIterable, Hashable, Comparable, Sendable {
    case atMostOnce = 0
    case atLeastOnce = 1
    case exactlyOnce = 2

    public static func < (left: QoS, right: QoS) -> Bool {
        left.rawValue < right.rawValue
    }
}
