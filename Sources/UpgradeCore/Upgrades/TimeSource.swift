/// The engine's clocks: the monotonic one for everything that lasts, the wall clock for what is shown and sent.
public protocol TimeSource: Sendable {
    /// Monotonic time since any fixed point.
    func monotonic() -> Duration
    /// The wall clock.
    func now() -> Timestamp
    /// Returns when ``monotonic()`` has reached `deadline`, or throws when the task is cancelled.
    func sleep(until deadline: Duration) async throws
}

/// The clocks of the system.
public struct SystemTime: TimeSource {
    private static let origin = ContinuousClock.now

    /// The system's continuous clock and its wall clock.
    public init() {}

    /// Goes on while the system sleeps.
    public func monotonic() -> Duration { Self.origin.duration(to: .now) }

    /// The system's time of day.
    public func now() -> Timestamp { .now() }

    /// Sleeps on the continuous clock.
    public func sleep(until deadline: Duration) async throws {
        try await Task.sleep(until: Self.origin.advanced(by: deadline), clock: .continuous)
    }
}
