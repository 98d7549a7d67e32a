import MQTTWire

/// The milliseconds for which stores have been open on a folder, summed over all of them: it stands still while nothing runs, and no change of the wall
/// clock reaches it.
struct OperatingClock {
    /// What earlier runs left.
    let base: Int64
    let start: MonotonicTime

    func milliseconds(at now: MonotonicTime) -> Int64 {
        let (sum, overflow) = base.addingReportingOverflow((now - start).milliseconds)
        return overflow ? .max : sum
    }
}
