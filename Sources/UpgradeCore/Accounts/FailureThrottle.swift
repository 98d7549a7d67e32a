/// Counts failures by key, such as an account and address, and says what the key has earned by them.
///
/// There are two answers: ``blockedUntil(_:at:)`` for those who refuse further attempts unseen, and ``delay(for:at:)`` for those who look at every
/// attempt and only let the refusal wait. Failures count for ``Rule/window``; a success clears them. Times are those of a monotonic clock.
///
/// Memory is bounded: of more than ``Rule/capacity`` keys those that failed least recently are forgotten, and never more than half at once.
public struct FailureThrottle<Key: Hashable & Sendable>: Sendable {
    /// How much is too much.
    public struct Rule: Sendable {
        /// So many failures within ``window`` block a key.
        public var limit = 10
        /// How long a failure counts.
        public var window = Duration.seconds(5 * 60)
        /// What the first refusal waits; each further one twice as long.
        public var firstDelay = Duration.milliseconds(250)
        /// What a refusal waits at most.
        public var longestDelay = Duration.seconds(4)
        /// Keys that are kept.
        public var capacity = 10_000

        /// The rule for people's log-ins and gateways' CONNECTs.
        public init() {}
    }

    private let rule: Rule
    /// When each key failed, oldest first, the last ``Rule/limit`` times. Keys that failed lately are in the first; when half of what is kept is
    /// there, the second is forgotten and the first takes its place.
    private var recent: [Key: [Duration]] = [:]
    private var older: [Key: [Duration]] = [:]

    /// A throttle that has seen no failure.
    public init(_ rule: Rule = Rule()) { self.rule = rule }

    /// Counts a failure.
    public mutating func recordFailure(of key: Key, at now: Duration) {
        var failures = failures(of: key, at: now)
        failures.append(now)
        if failures.count > rule.limit { failures.removeFirst() }
        if recent[key] == nil, recent.count >= max(1, rule.capacity / 2) {
            older = recent
            recent = [:]
        }
        recent[key] = failures
        older[key] = nil
    }

    /// Forgets the key's failures: whoever it is knows the secret.
    public mutating func recordSuccess(of key: Key) {
        recent[key] = nil
        older[key] = nil
    }

    /// When the key may try again; nil when it may now.
    public func blockedUntil(_ key: Key, at now: Duration) -> Duration? {
        let failures = failures(of: key, at: now)
        guard let first = failures.first, failures.count >= rule.limit else { return nil }
        return first + rule.window
    }

    /// Whether the key has failed too often lately to be looked at.
    public func isBlocked(_ key: Key, at now: Duration) -> Bool { blockedUntil(key, at: now) != nil }

    /// What the next refusal of the key is to wait.
    public func delay(for key: Key, at now: Duration) -> Duration {
        var delay = rule.firstDelay
        for _ in failures(of: key, at: now) where delay < rule.longestDelay { delay *= 2 }
        return min(delay, rule.longestDelay)
    }

    /// Those that still count, oldest first.
    private func failures(of key: Key, at now: Duration) -> [Duration] {
        let failures = recent[key] ?? older[key] ?? []
        return Array(failures.drop { $0 + rule.window <= now })
    }
}
