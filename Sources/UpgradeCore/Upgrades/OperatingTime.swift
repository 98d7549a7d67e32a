/// A point in the time for which the daemon has been running, summed over all its runs.
///
/// Deadlines are kept in it: it is monotonic, it stands still while the daemon is stopped, and so a deadline that was stored goes on from the time
/// that was left, whatever the wall clock did meanwhile.
public struct OperatingTime: Hashable, Comparable, Sendable {
    /// Milliseconds since the installation ran for the first time.
    public let milliseconds: Int64

    /// The point `milliseconds` after the installation ran for the first time.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The point `duration` later, at most the last one that can be told.
    public func advanced(by duration: Duration) -> OperatingTime {
        let (sum, overflow) = milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
        return OperatingTime(milliseconds: overflow ? .max : sum)
    }

    /// Whether a point comes before another.
    public static func < (left: OperatingTime, right: OperatingTime) -> Bool { left.milliseconds < right.milliseconds }
}

extension Duration {
    /// The duration in milliseconds, without their fraction, at most what 64 bits hold.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return sumOverflow ? .max : sum
    }
}

extension OperatingTime {
    static let distantFuture = OperatingTime(milliseconds: .max)
}
