import DequeModule
import MQTTBroker
import MQTTWire

/// What the tables do not say yet. What came and went since the last transaction is not in it: it need not be written.
struct Pending {
    struct Kept {
        let message: StoredMessage
        let deadline: Int64?
    }

    struct Row {
        let session: Int64
        var message: UInt64?
        let qos: QoS
        let retain: Bool
        let identifiers: [Int]
        var stage: StoredDelivery.Stage
    }

    var sessions: Set<Int64> = []
    var endedSessions: [Int64] = []
    var subscriptions: [Int64: [TopicFilter: StoredSubscription?]] = [:]
    var received: [Int64: [PacketID: UInt64?]] = [:]
    var messages: [UInt64: Kept] = [:]
    var removedMessages: Set<UInt64> = []
    var deliveries: [Int64: Row] = [:]
    var stages: [Int64: StoredDelivery.Stage] = [:]
    var removedDeliveries: [Int64] = []
    var retained: [TopicName: UInt64?] = [:]
    /// Messages whose parts are now open, or no longer.
    var parts: [UInt64: Bool] = [:]

    var isEmpty: Bool {
        sessions.isEmpty && endedSessions.isEmpty && subscriptions.isEmpty && received.isEmpty && messages.isEmpty
            && removedMessages.isEmpty && deliveries.isEmpty && stages.isEmpty && removedDeliveries.isEmpty
            && retained.isEmpty && parts.isEmpty
    }
}

/// What the tables will say when ``pending`` is written, as far as it is needed to find rows: no payload, no subscription.
struct Index {
    struct Session {
        let clientID: ClientID
        var owner: ClientIdentity
        var expiry: Int64?
        var absentSince: Int64?
        var will: StoredWill?
        var isWritten: Bool
        /// Whether its client is absent, and something happens unless it comes back in time.
        var isRunning: Bool { absentSince != nil && (expiry != nil || will != nil) }
        /// The queued deliveries of each message, oldest first.
        var queued: [UInt64: Deque<Int64>] = [:]
        var inFlight: [PacketID: Int64] = [:]
    }

    var ids: [ClientID: Int64] = [:]
    var sessions: [Int64: Session] = [:]
    var messageOf: [Int64: UInt64] = [:]
    var references: [UInt64: Int] = [:]
    var retained: [TopicName: UInt64] = [:]
    private var retainedOrder = RetainedOrder()
    /// How many sessions wait for the end of a time.
    var runningSessions = 0
    /// Messages that expire.
    var expiring: Set<UInt64> = []
    var openParts: [UInt64: (sum: Int, since: UInt64)] = [:]
    var lastSession: Int64 = 0
    var lastDelivery: Int64 = 0
    var pending = Pending()

    /// Whether anything waits for the end of a time.
    var hasDeadlines: Bool { runningSessions > 0 || !expiring.isEmpty }

    /// Takes a change that came in the hand-over of that number, at that operating time in milliseconds.
    mutating func take(_ change: StoreChange, number: UInt64, now: Int64) {
        switch change {
        case .sessionPresent(let client, let owner, let expiresIn): present(client, owner, expiresIn)
        case .sessionAbsent(let client): update(client) { $0.absentSince = now }
        case .sessionEnded(let client): end(client)
        case .subscribed(let client, let subscription):
            guard let id = ids[client] else { return }
            pending.subscriptions[id, default: [:]][subscription.filter] = .some(subscription)
        case .unsubscribed(let client, let filter):
            guard let id = ids[client] else { return }
            pending.subscriptions[id, default: [:]][filter] = .some(nil)
        case .queued(let client, let delivery): queue(client, delivery, now: now)
        case .sent(let client, let message, let packetID):
            guard let id = ids[client], let delivery = takeQueued(id, message) else { return }
            sessions[id]?.inFlight[packetID] = delivery
            move(delivery, to: .sent(packetID))
        case .released(let client, let packetID):
            guard let id = ids[client], let delivery = sessions[id]?.inFlight[packetID] else { return }
            move(delivery, to: .released(packetID))
            pending.deliveries[delivery]?.message = nil
            if let message = messageOf.removeValue(forKey: delivery) { dereference(message) }
        case .settled(let client, let packetID):
            guard let id = ids[client], let delivery = sessions[id]?.inFlight.removeValue(forKey: packetID) else {
                return
            }
            remove(delivery)
        case .dropped(let client, let message):
            guard let id = ids[client], let delivery = takeQueued(id, message) else { return }
            remove(delivery)
        case .received(let client, let packetID, let message):
            guard let id = ids[client] else { return }
            pending.received[id, default: [:]][packetID] = .some(message)
        case .completed(let client, let packetID):
            guard let id = ids[client] else { return }
            pending.received[id, default: [:]][packetID] = .some(nil)
        case .parts(let message, let change): addParts(message, change, number)
        case .retained(let message, let order):
            if retainedOrder.isLatest(order, of: message.topic) { retain(message, now: now) }
        case .retainedCleared(let topic, let order):
            guard retainedOrder.isLatest(order, of: topic), let message = retained.removeValue(forKey: topic) else {
                return
            }
            pending.retained[topic] = .some(nil)
            dereference(message)
        case .will(let client, let will): update(client) { $0.will = will }
        }
    }

    /// The tables say now what was pending.
    mutating func wasWritten() {
        for id in pending.sessions { sessions[id]?.isWritten = true }
        pending = Pending()
    }

    private mutating func present(_ client: ClientID, _ owner: ClientIdentity, _ expiresIn: Duration?) {
        if ids[client] == nil {
            lastSession += 1
            ids[client] = lastSession
            sessions[lastSession] = Session(clientID: client, owner: owner, isWritten: false)
        }
        update(client) {
            $0.owner = owner
            $0.expiry = expiresIn?.milliseconds
            $0.absentSince = nil
        }
    }

    private mutating func update(_ client: ClientID, _ change: (inout Session) -> Void) {
        guard let id = ids[client], var session = sessions.removeValue(forKey: id) else { return }
        if session.isRunning { runningSessions -= 1 }
        change(&session)
        if session.isRunning { runningSessions += 1 }
        sessions[id] = session
        pending.sessions.insert(id)
    }

    private mutating func end(_ client: ClientID) {
        guard let id = ids.removeValue(forKey: client), let session = sessions.removeValue(forKey: id) else { return }
        if session.isRunning { runningSessions -= 1 }
        for queued in session.queued.values { for delivery in queued { remove(delivery) } }
        for delivery in session.inFlight.values { remove(delivery) }
        pending.sessions.remove(id)
        pending.subscriptions[id] = nil
        pending.received[id] = nil
        if session.isWritten { pending.endedSessions.append(id) }
    }

    private mutating func queue(_ client: ClientID, _ delivery: StoredDelivery, now: Int64) {
        guard let id = ids[client] else { return }
        lastDelivery += 1
        let message = delivery.message.id
        sessions[id]?.queued[message, default: []].append(lastDelivery)
        messageOf[lastDelivery] = message
        reference(delivery.message, now: now)
        pending.deliveries[lastDelivery] = Pending.Row(
            session: id, message: message, qos: delivery.qos, retain: delivery.retain,
            identifiers: delivery.identifiers, stage: .queued)
    }

    private mutating func takeQueued(_ session: Int64, _ message: UInt64) -> Int64? {
        guard let delivery = sessions[session]?.queued[message]?.popFirst() else { return nil }
        if sessions[session]?.queued[message]?.isEmpty ?? false { sessions[session]?.queued[message] = nil }
        return delivery
    }

    private mutating func move(_ delivery: Int64, to stage: StoredDelivery.Stage) {
        if pending.deliveries[delivery] != nil {
            pending.deliveries[delivery]?.stage = stage
        } else {
            pending.stages[delivery] = stage
        }
    }

    private mutating func remove(_ delivery: Int64) {
        if pending.deliveries.removeValue(forKey: delivery) == nil {
            pending.stages[delivery] = nil
            pending.removedDeliveries.append(delivery)
        }
        if let message = messageOf.removeValue(forKey: delivery) { dereference(message) }
    }

    private mutating func reference(_ message: StoredMessage, now: Int64) {
        let count = references[message.id, default: 0]
        references[message.id] = count + 1
        guard count == 0 else { return }
        if message.expiresIn != nil { expiring.insert(message.id) }
        guard pending.removedMessages.remove(message.id) == nil else { return }
        let deadline = message.expiresIn.map { now.addingReportingOverflow($0.milliseconds) }
        pending.messages[message.id] = Pending.Kept(
            message: message, deadline: deadline.map { $0.overflow ? .max : $0.partialValue })
    }

    private mutating func dereference(_ message: UInt64) {
        guard let count = references[message] else { return }
        guard count == 1 else {
            references[message] = count - 1
            return
        }
        references[message] = nil
        expiring.remove(message)
        if pending.messages.removeValue(forKey: message) == nil { pending.removedMessages.insert(message) }
    }

    private mutating func retain(_ message: StoredMessage, now: Int64) {
        reference(message, now: now)
        if let replaced = retained.updateValue(message.id, forKey: message.topic) { dereference(replaced) }
        pending.retained[message.topic] = .some(message.id)
    }

    private mutating func addParts(_ message: UInt64, _ change: Int, _ number: UInt64) {
        let open = openParts[message] ?? (0, number)
        let sum = open.sum + change
        openParts[message] = sum == 0 ? nil : (sum, open.since)
        pending.parts[message] = sum != 0
    }
}
