import CPosix

/// A moment on the clock that never jumps: it has nothing to do with the time of day.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since some moment before the process started.
    public let nanoseconds: UInt64

    /// The moment that many nanoseconds after the clock's beginning.
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// The moment of the call.
    public static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// Whether a moment comes before another.
    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// A later moment; a negative duration counts as none, and the sum stops at the end of the clock.
    public static func + (start: MonotonicTime, duration: Duration) -> MonotonicTime {
        let (sum, overflow) = start.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return MonotonicTime(nanoseconds: overflow ? .max : sum)
    }

    /// The time from an earlier moment to a later one; zero if the order is the other way round.
    public static func - (end: MonotonicTime, start: MonotonicTime) -> Duration {
        guard end > start else { return .zero }
        return .nanoseconds(Int64(clamping: end.nanoseconds - start.nanoseconds))
    }
}

extension Duration {
    /// Nanoseconds, never less than none, and clamped to 292 years.
    var wholeNanoseconds: UInt64 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        let (scaled, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow, scaled < UInt64(Int64.max) - 1_000_000_000 else { return UInt64(Int64.max) }
        return scaled + UInt64(attoseconds / 1_000_000_000)
    }
}
