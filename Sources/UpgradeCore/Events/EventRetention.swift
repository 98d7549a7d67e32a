public import Logging

/// Takes old events out of the log, a few at a time, so that nobody who waits for the database notices.
///
/// What gateways, orders and upgrades are is not told by events, and stays.
public struct EventRetention: Sendable {
    private let store: Store
    private let span: Duration
    private let time: any TimeSource
    private let logger: Logger

    /// Removed in one transaction: a millisecond or two of work.
    static let batch = 50
    /// After each batch the database is left alone for so many times as long as the batch took.
    private static let restraint = 3
    private static let lastLook = SettingKey(rawValue: "eventRetentionLook")

    /// Events of `store` are kept for `span` after they happened last.
    public init(
        store: Store, keepingFor span: Duration, time: any TimeSource = SystemTime(),
        logger: Logger = Logger(label: "events")
    ) {
        self.store = store
        self.span = span
        self.time = time
        self.logger = logger
    }

    /// Between the looks at the log: a minute, less where little is kept.
    private var interval: Duration { max(.seconds(1), min(.seconds(60), span / 10)) }

    /// Works until the task is cancelled.
    public func run() async {
        var watch: ClockWatch?
        while !Task.isCancelled {
            do {
                let removed = try await look(&watch)
                if removed > 0 { logger.info("removed old events", metadata: ["count": "\(removed)"]) }
            } catch is CancellationError {
                return
            } catch {
                logger.error("old events could not be removed; trying again", metadata: ["error": "\(error)"])
            }
            do { try await time.sleep(until: time.monotonic() + interval) } catch { return }
        }
    }

    /// Removes what is too old by now, and returns how much that was.
    func look(_ watch: inout ClockWatch?) async throws -> Int {
        let (wall, monotonic) = (time.now(), time.monotonic())
        var current: ClockWatch
        if let watch {
            current = watch
        } else {
            let last = try await store.read { try $0.settings.value(Self.lastLook).flatMap { Int64($0) } }
            current = ClockWatch(last.map { Timestamp(milliseconds: $0) } ?? wall, at: monotonic)
        }
        let isNew = current.isOnProbation
        let trusts = current.trusts(wall, at: monotonic)
        watch = current
        guard trusts else {
            if !isNew {
                logger.warning(
                    "the clock is more than a day ahead of what was expected; old events stay for another day",
                    metadata: ["time": "\(wall)"])
            }
            return 0
        }
        try await remember(wall)
        return try await remove(before: Timestamp(milliseconds: wall.milliseconds - span.wholeMilliseconds))
    }

    private func remember(_ wall: Timestamp) async throws {
        try await store.write { transaction in
            let last = try transaction.settings.value(Self.lastLook).flatMap { Int64($0) } ?? 0
            guard abs(wall.milliseconds - last) > ClockWatch.slack.wholeMilliseconds / 24 else { return }
            try transaction.settings.set(Self.lastLook, to: String(wall.milliseconds))
        }
    }

    private func remove(before limit: Timestamp) async throws -> Int {
        var removed = 0
        while true {
            let began = ContinuousClock.now
            let count = try await store.write { try $0.events.removeOldest(Self.batch, before: limit) }
            removed += count
            guard count == Self.batch else { return removed }
            try await Task.sleep(for: (ContinuousClock.now - began) * Self.restraint)
        }
    }
}

/// Tells a clock that goes on from one that was set: a year ahead by mistake, it would have a year of events thrown away.
///
/// A clock that is further ahead than the time that was measured is believed only after a day. So is that of a daemon that was stopped for long.
struct ClockWatch {
    static let slack = Duration.seconds(86_400)
    static let probation = Duration.seconds(86_400)

    private var trusted: (wall: Timestamp, monotonic: Duration)
    private var probationEnd: Duration?

    /// It was right when it showed `wall`, and that is taken for `monotonic`.
    init(_ wall: Timestamp, at monotonic: Duration) { trusted = (wall, monotonic) }

    var isOnProbation: Bool { probationEnd != nil }

    mutating func trusts(_ wall: Timestamp, at monotonic: Duration) -> Bool {
        let measured = monotonic - trusted.monotonic
        let ahead = Duration.milliseconds(wall.milliseconds - trusted.wall.milliseconds) - measured
        if ahead > Self.slack {
            let end = probationEnd ?? monotonic + Self.probation
            probationEnd = end
            guard monotonic >= end else { return false }
        }
        probationEnd = nil
        trusted = (wall, monotonic)
        return true
    }
}
