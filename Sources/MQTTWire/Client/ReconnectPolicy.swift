/// When a client that lost its connection tries again.
public struct ReconnectPolicy: Hashable, Sendable {
    /// False: a lost connection stays lost until the program connects again.
    public var isEnabled: Bool
    /// The wait before the first attempt.
    public var initialDelay: Duration
    /// The longest wait.
    public var maximumDelay: Duration
    /// By how much each wait is longer than the one before.
    public var multiplier: Double
    /// Which part of a wait is left to chance, 0 to 1, so that a fleet does not come back all at once.
    public var jitter: Double
    /// A connection that lasted so long counts as a success: the waits begin anew after it.
    public var stableAfter: Duration

    /// Never by itself.
    public static let never = ReconnectPolicy(
        isEnabled: false, initialDelay: .zero, maximumDelay: .zero, multiplier: 1, jitter: 0, stableAfter: .zero)

    /// Again and again, after waits that grow exponentially to a maximum.
    public static func exponential(
        initialDelay: Duration = .milliseconds(500), maximumDelay: Duration = .seconds(60), multiplier: Double = 2,
        jitter: Double = 0.5, stableAfter: Duration = .seconds(30)
    ) -> ReconnectPolicy {
        ReconnectPolicy(
            isEnabled: true, initialDelay: initialDelay, maximumDelay: maximumDelay, multiplier: max(1, multiplier),
            jitter: min(max(0, jitter), 1), stableAfter: stableAfter)
    }
}

/// The waits that a policy makes of a row of failures.
struct Backoff {
    private let policy: ReconnectPolicy
    private var delay: Duration

    init(_ policy: ReconnectPolicy) {
        self.policy = policy
        delay = policy.initialDelay
    }

    /// The next wait. `chance`, 0 to 1, decides how much of the jitter is taken off.
    mutating func next(chance: Double = .random(in: 0...1)) -> Duration {
        let current = min(delay, policy.maximumDelay)
        delay = min(current * policy.multiplier, policy.maximumDelay)
        return current * (1 - policy.jitter * chance)
    }

    /// A connection ended that had lasted so long.
    mutating func connectionEnded(after duration: Duration) {
        if duration >= policy.stableAfter { delay = policy.initialDelay }
    }
}
