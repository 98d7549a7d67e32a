/// How long one upgrade is tried, and how often.
public struct AttemptPolicy: Hashable, Sendable {
    /// From the last delivered attempt to the end of the upgrade.
    public var upgradeTimeout: Duration
    /// From the order to its end when no attempt is ever delivered.
    public var orderExpiry: Duration

    /// The defaults of `umd`: 15 minutes and 30 days.
    public init(upgradeTimeout: Duration = .seconds(15 * 60), orderExpiry: Duration = .seconds(30 * 24 * 60 * 60)) {
        self.upgradeTimeout = upgradeTimeout
        self.orderExpiry = orderExpiry
    }

    /// After so many delivered attempts nothing more is sent.
    static let deliveredAttempts = 3

    /// How long after a delivered attempt the next one may be.
    var pauseAfterDelivery: Duration { upgradeTimeout / 3 }

    /// How long after the latest of `count` cut-off attempts in a row the next one may be: 1, 2, 4 … 60 minutes.
    static func pause(afterCutOffs count: Int) -> Duration {
        // From the seventh on it would be more than an hour.
        .seconds(60 * min(60, 1 << min(max(count, 1) - 1, 6)))
    }

    /// How long after the latest of `count` attempts in a row of which not a byte could be sent the next one may be. Shorter, because nothing was
    /// lost and the connection may still be there: 5, 10, 20 … 3600 seconds.
    static func pause(afterNothingSent count: Int) -> Duration {
        .seconds(min(3600, 5 << min(max(count, 1) - 1, 10)))
    }
}
