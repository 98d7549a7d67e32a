/// A token bucket: lets some through at once, and then as many as their cost allows.
struct Pacer: Sendable {
    /// How much may be taken ahead of its time.
    let tolerance: Duration
    /// What was taken is paid for by then.
    private var paidUntil: OperatingTime?

    init(tolerance: Duration) { self.tolerance = tolerance }

    /// When the next one may go; nil when it may at `now`.
    func wait(at now: OperatingTime) -> OperatingTime? {
        guard let paidUntil else { return nil }
        let time = paidUntil.advanced(by: .zero - tolerance)
        return time > now ? time : nil
    }

    mutating func take(_ cost: Duration, at now: OperatingTime) {
        paidUntil = max(paidUntil ?? now, now).advanced(by: cost)
    }

    /// When all that was taken is paid for; nil when it is at `now`.
    func fullTime(after now: OperatingTime) -> OperatingTime? {
        paidUntil.flatMap { $0 > now ? $0 : nil }
    }
}
