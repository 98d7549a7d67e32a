import MQTTWire

/// What a log says, put together: connections, the sessions that they used, and what was published.
///
/// Moments are places in the log. What the broker did lies between the moment that somebody asked for it and the next at which nothing was under way.
struct History {
    struct Connection {
        let client: Int
        let choice: ConnectChoice
        let openedAt: Int
        var grantedAt: Int?
        var closedAt = Int.max
        var session: Int?
    }

    let log: [Entry]
    private(set) var connections: [Int: Connection] = [:]
    private(set) var sessions: [SessionLife] = []
    private(set) var messages: [Int: Message] = [:]
    /// The empty messages, which do not tell their numbers.
    private(set) var emptyMessages: [Message] = []
    private(set) var violations: [Violation] = []
    private(set) var crashes: [Int] = []
    private let settled: [Int]
    private var current: [Int: Int] = [:]
    private var pending: [String: Int] = [:]

    init(_ log: [Entry]) {
        self.log = log
        settled = log.indices.filter { if case .settled = log[$0].event { true } else { false } }
        for index in log.indices { take(log[index].event, index) }
        for number in Array(messages.keys) { finish(number) }
        for (index, entry) in log.enumerated() {
            if case .closed(let connection, let closing) = entry.event { addWill(of: connection, closing, index) }
        }
    }

    /// The first moment after this one at which nothing was under way.
    func settledAfter(_ index: Int) -> Int {
        var (low, high) = (0, settled.count)
        while low < high {
            let middle = (low + high) / 2
            if settled[middle] > index { high = middle } else { low = middle + 1 }
        }
        return low < settled.count ? settled[low] : .max
    }

    /// The first settled moment, from one on, at which the session's client had taken all that there was for it.
    func drained(_ session: SessionLife, from index: Int) -> Int? {
        settled.first { moment in
            guard moment >= index, case .settled(let taking) = log[moment].event else { return false }
            return moment < session.mayEndAt
                && session.connections.contains(where: { isOpen($0, at: moment) && taking.contains($0) })
        }
    }

    func isOpen(_ connection: Int, at index: Int) -> Bool {
        guard let connection = connections[connection], let granted = connection.grantedAt else { return false }
        return granted <= index && index < connection.closedAt
    }

    /// Whether one connection of the session lasted all the time.
    func isConnected(_ session: SessionLife, from start: Int, to end: Int) -> Bool {
        session.connections.contains { isOpen($0, at: start) && isOpen($0, at: end) }
    }

    private mutating func report(_ kind: Violation.Kind, _ text: String) {
        violations.append(Violation(kind: kind, text: text))
    }

    // MARK: Reading the log

    private mutating func take(_ event: Event, _ index: Int) {
        switch event {
        case .opened(let number, let client, let choice):
            connections[number] = Connection(client: client, choice: choice, openedAt: index)
        case .granted(let number, let sessionPresent): granted(number, sessionPresent, index)
        case .closed(let number, let closing): closed(number, closing, index)
        case .published(let number, let choice):
            let isNew = messages[choice.number] == nil
            if isNew {
                messages[choice.number] = Message(choice, client: connections[number]?.client ?? -1, sentAt: index)
            }
            messages[choice.number]?.sent(on: number, index)
        case .accepted(let number, let code):
            messages[number]?.acceptedAt = index
            if code.isError { report(.refused, "m\(number) was answered with \(code)") }
        case .subscribed(let number, let packetID, let choices, let identifier):
            guard let session = session(of: number) else { return }
            pending["\(number) \(packetID)"] = index
            for choice in choices { session.subscribed(choice, identifier, on: number, index) }
        case .suback(let number, let packetID, let codes): suback(number, packetID, codes, index)
        case .unsubscribed(let number, let packetID, let filters):
            guard let session = session(of: number) else { return }
            pending["\(number) \(packetID)"] = index
            for filter in filters { session.filters[filter]?.unsubscribing(index) }
        case .unsuback(let number, let packetID):
            guard let session = session(of: number), let asked = pending["\(number) \(packetID)"],
                case .unsubscribed(_, _, let filters) = log[asked].event
            else { return }
            for filter in filters { session.filters[filter]?.ended(before: asked, by: settledAfter(index)) }
        case .stopped(let isCrash):
            if isCrash { crashes.append(index) }
        case .started(let keepsState):
            for session in current.values.map({ sessions[$0] }) where !keepsState || session.lifetime == 0 {
                session.end(from: index, by: index)
            }
        case .trouble(let text): report(.trouble, text)
        case .received, .answered, .settled: break
        }
    }

    func session(of connection: Int) -> SessionLife? { connections[connection]?.session.map { sessions[$0] } }

    private mutating func granted(_ number: Int, _ sessionPresent: Bool, _ index: Int) {
        guard var connection = connections[number] else { return }
        let old = current[connection.client].map { sessions[$0] }
        let expected = expectedSessionPresent(connection, old, index)
        if !expected.contains(sessionPresent) {
            report(.wrongSessionPresent, "c\(connection.client), connection \(number): \(sessionPresent)")
        }
        connection.grantedAt = index
        if sessionPresent, let old, let position = current[connection.client] {
            connection.session = position
            old.connections.append(number)
            old.lifetime = connection.choice.lifetime
            // An end that was possible did not come.
            if old.endedBy > index { old.mayEndAt = .max }
            old.endedBy = .max
        } else {
            old?.end(from: min(old?.mayEndAt ?? .max, connection.openedAt), by: index)
            sessions.append(
                SessionLife(
                    client: connection.client, openedAt: connection.openedAt, grantedAt: index,
                    lifetime: connection.choice.lifetime, connection: number))
            connection.session = sessions.count - 1
            current[connection.client] = sessions.count - 1
        }
        connections[number] = connection
    }

    private func expectedSessionPresent(_ connection: Connection, _ old: SessionLife?, _ index: Int) -> Set<Bool> {
        guard !connection.choice.cleanStart, let old else { return [false] }
        guard old.endedBy > connection.openedAt, old.lifetime > 0 else { return [false] }
        guard old.lifetime < 1000, let closed = old.closedAt, old.wasAbsent else { return [true] }
        let longest = log[index].at - log[closed].at
        if longest < .seconds(Int64(old.lifetime)) - .milliseconds(20) { return [true] }
        let noticed = settledAfter(closed)
        guard noticed < connection.openedAt else { return [true, false] }
        let shortest = log[connection.openedAt].at - log[noticed].at
        return shortest > .seconds(Int64(old.lifetime)) + .milliseconds(300) ? [false] : [true, false]
    }

    private mutating func closed(_ number: Int, _ closing: Closing, _ index: Int) {
        connections[number]?.closedAt = index
        if case .broker(let reason) = closing {
            report(.disconnected, "connection \(number): \(reason.map { "\($0)" } ?? "no reason")")
        }
        for message in messages.values
        where message.acceptedAt == nil && message.connections.last == number
            && settledAfter(message.lastRelated) > index
        {
            messages[message.number]?.lastRelated = index
        }
        guard let session = session(of: number) else { return }
        if case .goodbye(let expiry?, _) = closing { session.lifetime = expiry }
        session.closedAt = index
        session.wasAbsent = closing != .takenOver
        if session.lifetime == 0 {
            session.end(from: index, by: settledAfter(index))
        } else if session.lifetime < 1000 {
            session.mayEndAt = index
        }
    }

    private mutating func suback(_ number: Int, _ packetID: UInt16, _ codes: [ReasonCode], _ index: Int) {
        guard let session = session(of: number), let asked = pending["\(number) \(packetID)"],
            case .subscribed(_, _, let choices, _) = log[asked].event
        else { return }
        guard codes.count == choices.count else { return report(.refused, "SUBACK with \(codes)") }
        for (choice, code) in zip(choices, codes) {
            if code.isError { report(.refused, "\(choice): \(code)") }
            session.filters[choice.filter]?.granted(asked: asked, index, settled: settledAfter(index))
        }
    }

    // MARK: Messages

    private mutating func finish(_ number: Int) {
        guard var message = messages[number] else { return }
        message.endsAt = settledAfter(max(message.lastRelated, message.acceptedAt ?? 0))
        if message.choice.qos == .atMostOnce, let connection = message.connections.first {
            message.isAccepted = message.endsAt < .max && isOpen(connection, at: message.endsAt)
        } else {
            message.isAccepted = message.acceptedAt != nil
        }
        messages[number] = message
        if message.choice.isEmpty { emptyMessages.append(message) }
    }

    /// The will of a connection that ended, if it may have been published.
    private mutating func addWill(of number: Int, _ closing: Closing, _ index: Int) {
        guard let connection = connections[number], connection.grantedAt != nil, let will = connection.choice.will
        else { return }
        if case .goodbye(_, keepsWill: false) = closing { return }
        var lifetime = connection.choice.lifetime
        if case .goodbye(let expiry?, _) = closing { lifetime = expiry }
        var message = Message(
            PublishChoice(number: will.number, topic: will.topic, qos: will.qos, retain: will.retain),
            client: connection.client, sentAt: index)
        message.isWill = true
        var start = index
        let stop = log.indices.first { moment in
            guard moment >= index, case .started = log[moment].event else { return false }
            return true
        }
        if closing == .brokerStopped {
            guard let stop, case .started(keepsState: true) = log[stop].event else { return }
            start = stop
        }
        let delay = min(will.delay, lifetime)
        let next = log.indices.first { moment in
            guard moment > start, case .granted(let other, _) = log[moment].event else { return false }
            return connections[other]?.client == connection.client
        }
        if delay == 0 {
            message.isAccepted = true
            message.endsAt = settledAfter(start)
        } else if let next, case .granted(_, let isPresent) = log[next].event {
            if isPresent, log[next].at - log[start].at < .seconds(Int64(delay)) - .milliseconds(20) { return }
            message.isAccepted = !isPresent
            message.endsAt = settledAfter(next)
        } else {
            message.endsAt = .max
        }
        // A stop in between may have taken it, or kept it for later.
        if let stop, stop > start, stop < message.endsAt { (message.isAccepted, message.endsAt) = (false, .max) }
        messages[will.number] = message
    }
}

/// A publication, as far as the log tells.
struct Message {
    let choice: PublishChoice
    /// Who published it.
    let client: Int
    let sentAt: Int
    /// How many times it was sent.
    private(set) var sendings = 0
    private(set) var connections: [Int] = []
    var acceptedAt: Int?
    /// The last that is known of it before it was accepted.
    var lastRelated: Int
    /// When it was surely dealt with.
    var endsAt = Int.max
    /// Whether the broker surely has it.
    var isAccepted = false
    var isWill = false

    init(_ choice: PublishChoice, client: Int, sentAt: Int) {
        self.choice = choice
        self.client = client
        self.sentAt = sentAt
        lastRelated = sentAt
    }

    var number: Int { choice.number }

    mutating func sent(on connection: Int, _ index: Int) {
        sendings += 1
        connections.append(connection)
        lastRelated = index
    }

    /// How many copies a subscription may get for each that it should.
    var multiplicity: Int { choice.qos == .atLeastOnce ? max(1, sendings) : 1 }
}
