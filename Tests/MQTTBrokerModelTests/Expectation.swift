import MQTTWire

/// What one session may, and must, get of one message.
struct Expectation {
    enum Share {
        /// A member that gets what is for it.
        case certain
        /// A member perhaps, but what is for it would not be lost.
        case possible
        /// What this one is to get may be lost with it.
        case doubtful
    }

    let message: Message
    let session: SessionLife
    /// The subscriptions that may bring it, other than shared ones.
    private(set) var direct: [FilterLife.Version] = []
    private(set) var shared: [FilterLife.Version] = []
    /// Those by which it may have come as a retained message.
    private(set) var retained: [FilterLife.Version] = []
    /// The QoS that a copy of the live message may have.
    private(set) var qualities: Set<QoS> = []
    /// Whether the copy must have the RETAIN flag.
    private(set) var mustKeepRetain = false
    private(set) var certainIdentifiers: Set<Int> = []
    private(set) var groups: [String: Share] = [:]
    /// When the session must have had a copy; `nil`: it need not.
    private(set) var deadline: Int?

    var possible: [FilterLife.Version] { direct + shared }
    /// How many copies there may be of the live message.
    var copies: Int { ((direct.isEmpty ? 0 : 1) + groups.count) * message.multiplicity }

    init(of message: Message, _ session: SessionLife, _ history: History) {
        self.message = message
        self.session = session
        let (start, end) = (message.sentAt, message.endsAt)
        if message.choice.retain, !message.choice.isEmpty { findRetained(history) }
        guard session.openedAt <= end, session.endedBy >= start else { return }
        let isAlive = session.grantedAt <= start && session.mayEndAt > end && end < .max
        var certainQoS: QoS?
        var isCertain = false
        for (text, life) in session.filters where life.matches(message.choice.topic) {
            let versions = life.versions(from: start, to: end)
            if life.isShared {
                guard !versions.isEmpty else { continue }
                shared += versions
                groups[text] = share(life, versions, isAlive: isAlive, history)
                continue
            }
            let heard = versions.filter { !($0.options.noLocal && session.client == message.client) }
            direct += heard
            guard isAlive, !heard.isEmpty, heard.count == versions.count, life.covers(start, end) else { continue }
            isCertain = true
            let least = heard.map(\.options.maximumQoS).min() ?? .atMostOnce
            certainQoS = max(certainQoS ?? least, least)
            if message.choice.retain, heard.allSatisfy(\.options.retainAsPublished) { mustKeepRetain = true }
            let identifiers = Set(heard.map(\.identifier))
            if identifiers.count == 1, let identifier = identifiers.first ?? nil {
                certainIdentifiers.insert(identifier)
            }
        }
        let lowest = certainQoS ?? .atMostOnce
        for version in direct where version.options.maximumQoS >= lowest {
            qualities.insert(min(version.options.maximumQoS, message.choice.qos))
        }
        qualities.formUnion(shared.map { min($0.options.maximumQoS, message.choice.qos) })
        if !shared.isEmpty { (mustKeepRetain, certainIdentifiers) = (false, []) }
        guard isCertain, message.isAccepted, end < .max else { return }
        let mayBeLost = min(lowest, message.choice.qos) == .atMostOnce
        if mayBeLost, !history.isConnected(session, from: start, to: end) { return }
        // At another QoS than 0 it may have to wait until the client has answered what it has.
        deadline = qualities == [.atMostOnce] ? end : history.drained(session, from: end)
    }

    private func share(
        _ life: FilterLife, _ versions: [FilterLife.Version], isAlive: Bool, _ history: History
    ) -> Share {
        let isLossless =
            message.isAccepted && message.choice.qos > .atMostOnce
            && versions.allSatisfy { $0.options.maximumQoS > .atMostOnce }
            && message.endsAt < .max && session.mayEndAt > message.endsAt
            && history.drained(session, from: message.endsAt) != nil
        guard isLossless else { return .doubtful }
        return isAlive && life.covers(message.sentAt, message.endsAt) ? .certain : .possible
    }

    /// The SUBSCRIBEs that may have found it retained.
    private mutating func findRetained(_ history: History) {
        for life in session.filters.values where !life.isShared && life.matches(message.choice.topic) {
            for (position, version) in life.versions.enumerated() {
                guard version.options.retainHandling != .doNotSend,
                    !(version.options.noLocal && session.client == message.client),
                    !(version.options.retainHandling == .sendIfNew && life.covers(version.askedAt, version.askedAt)
                        && position > 0)
                else { continue }
                let closed = history.connections[version.connection]?.closedAt ?? .max
                let end = history.settledAfter(version.grantedAt ?? closed)
                guard message.sentAt < end else { continue }
                let isReplaced = history.messages.values.contains { other in
                    other.choice.retain && other.choice.topic == message.choice.topic && other.isAccepted
                        && other.sentAt > message.endsAt && other.endsAt < version.askedAt
                }
                if !isReplaced { retained.append(version) }
            }
        }
    }
}

/// A retained message that a SUBSCRIBE must bring.
struct RetainedExpectation {
    let message: Message
    let askedAt: Int
    let deadline: Int

    static func all(of session: SessionLife, _ history: History) -> [RetainedExpectation] {
        var found: [RetainedExpectation] = []
        for life in session.filters.values where !life.isShared {
            for (position, version) in life.versions.enumerated() {
                guard let granted = version.grantedAt, version.options.retainHandling != .doNotSend,
                    position == 0 || version.options.retainHandling == .sendAtSubscribe
                else { continue }
                let end = history.settledAfter(granted)
                // Whoever takes the subscription back at once may get nothing.
                guard end < .max, session.mayEndAt > end, life.covers(granted, end),
                    !life.versions.contains(where: { $0.askedAt > version.askedAt && $0.askedAt <= end })
                else { continue }
                for message in history.messages.values
                where message.choice.retain && !message.choice.isEmpty && life.matches(message.choice.topic) {
                    guard message.isAccepted, message.endsAt < version.askedAt,
                        !(version.options.noLocal && session.client == message.client),
                        !history.isForgotten(message, before: end), history.isOnly(message, until: end)
                    else { continue }
                    let qos = min(message.choice.qos, version.options.maximumQoS)
                    let deadline =
                        qos == .atMostOnce
                        ? (history.isConnected(session, from: version.askedAt, to: end) ? end : nil)
                        : history.drained(session, from: end)
                    guard let deadline else { continue }
                    found.append(RetainedExpectation(message: message, askedAt: version.askedAt, deadline: deadline))
                }
            }
        }
        return found
    }
}

extension History {
    /// Whether a restart without a store may have taken the retained message.
    fileprivate func isForgotten(_ message: Message, before end: Int) -> Bool {
        log.indices.contains { index in
            guard index > message.sentAt, index < end, case .started(keepsState: false) = log[index].event else {
                return false
            }
            return true
        }
    }

    /// Whether no other message can have taken the retained message's place.
    fileprivate func isOnly(_ message: Message, until end: Int) -> Bool {
        !messages.values.contains { other in
            other.number != message.number && other.choice.retain && other.choice.topic == message.choice.topic
                && other.endsAt >= message.sentAt && other.sentAt <= end
        }
    }
}
