import MQTTWire

/// One session, from its first connection to its end.
final class SessionLife {
    let client: Int
    let openedAt: Int
    let grantedAt: Int
    /// Seconds without a connection, as last said.
    var lifetime: UInt32
    var connections: [Int]
    var closedAt: Int?
    /// Whether the last connection ended before another took its place.
    var wasAbsent = false
    /// Before that it surely was there.
    var mayEndAt = Int.max
    /// After that it surely is not.
    var endedBy = Int.max
    var filters: [String: FilterLife] = [:]

    init(client: Int, openedAt: Int, grantedAt: Int, lifetime: UInt32, connection: Int) {
        self.client = client
        self.openedAt = openedAt
        self.grantedAt = grantedAt
        self.lifetime = lifetime
        connections = [connection]
    }

    func end(from index: Int, by end: Int) {
        mayEndAt = min(mayEndAt, index)
        endedBy = min(endedBy, end)
    }

    func subscribed(_ choice: SubscriptionChoice, _ identifier: Int?, on connection: Int, _ index: Int) {
        filters[choice.filter, default: FilterLife(choice.filter)].versions.append(
            .init(options: choice.options, identifier: identifier, connection: connection, askedAt: index))
    }
}

/// The subscriptions of one session to one filter, one after the other.
struct FilterLife {
    /// One SUBSCRIBE.
    struct Version {
        let options: SubscriptionOptions
        let identifier: Int?
        let connection: Int
        let askedAt: Int
        /// When SUBACK came.
        var grantedAt: Int?
        /// After that it surely does not count.
        var endedBy = Int.max
    }

    let filter: TopicFilter?
    let isShared: Bool
    var versions: [Version] = []
    /// When there surely is a subscription, whichever.
    private(set) var spans: [(from: Int, to: Int)] = []
    private(set) var lastUnsubscribe = -1

    init(_ text: String) {
        filter = try? TopicFilter(text)
        isShared = filter?.isShared ?? false
    }

    func matches(_ topic: String) -> Bool {
        guard let name = try? TopicName(topic) else { return false }
        return filter?.matches(name) ?? false
    }

    mutating func granted(asked: Int, _ index: Int, settled: Int) {
        for position in versions.indices {
            if versions[position].askedAt == asked { versions[position].grantedAt = index }
            if versions[position].askedAt < asked {
                versions[position].endedBy = min(versions[position].endedBy, settled)
            }
        }
        if lastUnsubscribe < asked, spans.last?.to != .max { spans.append((index, .max)) }
    }

    mutating func unsubscribing(_ index: Int) {
        lastUnsubscribe = index
        if let last = spans.indices.last, spans[last].to == .max { spans[last].to = index }
    }

    mutating func ended(before asked: Int, by index: Int) {
        for position in versions.indices where versions[position].askedAt < asked {
            versions[position].endedBy = min(versions[position].endedBy, index)
        }
    }

    func covers(_ start: Int, _ end: Int) -> Bool { spans.contains { $0.from <= start && end <= $0.to } }

    /// The versions that may have counted between two moments.
    func versions(from start: Int, to end: Int) -> [Version] {
        versions.filter { $0.askedAt <= end && start <= $0.endedBy }
    }
}
