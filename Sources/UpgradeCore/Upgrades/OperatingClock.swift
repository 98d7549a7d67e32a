/// Tells ``OperatingTime``: what the database remembers of it, and what has passed on the monotonic clock since the process took over.
struct OperatingClock {
    /// What the clock of this process showed when the operating time was ``base``.
    private let origin: Duration
    private let base: OperatingTime
    private var saved: OperatingTime

    /// How far the database may lag behind.
    static let savingInterval = Duration.seconds(30)
    private static let key = SettingKey(rawValue: "operatingTime")

    /// Goes on from what the last process saved.
    init(resumingIn transaction: Transaction, at monotonic: Duration) throws {
        let milliseconds = try transaction.settings.value(Self.key).flatMap { Int64($0) } ?? 0
        origin = monotonic
        base = OperatingTime(milliseconds: milliseconds)
        saved = base
    }

    func time(at monotonic: Duration) -> OperatingTime { base.advanced(by: monotonic - origin) }

    func monotonic(at time: OperatingTime) -> Duration {
        origin + .milliseconds(time.milliseconds.subtractingReportingOverflow(base.milliseconds).partialValue)
    }

    /// Saves the time if the last one saved is old enough.
    mutating func save(_ time: OperatingTime, in transaction: Transaction) throws {
        guard time >= saved.advanced(by: Self.savingInterval) else { return }
        try transaction.settings.set(Self.key, to: String(time.milliseconds))
        saved = time
    }
}
