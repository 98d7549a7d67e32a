import MQTTBroker
import MQTTWire
import Synchronization

/// A session store that outlives brokers, not processes: it keeps what it is told, and can be slow to call it durable.
final class MemoryStore: SessionStore {
    fileprivate struct State {
        var sessions: [ClientID: StoredSession] = [:]
        var retained: [TopicName: StoredMessage] = [:]
        var retainedOrders: [TopicName: UInt64] = [:]
        var isHolding = false
        var waiting: [@Sendable () -> Void] = []
        var changeCount = 0
    }

    private let state = Mutex(State())

    var changeCount: Int { state.withLock { $0.changeCount } }

    /// From now on nothing is durable, until `release`.
    func hold() { state.withLock { $0.isHolding = true } }

    func release() {
        let waiting = state.withLock { state in
            defer { (state.isHolding, state.waiting) = (false, []) }
            return state.waiting
        }
        for action in waiting { action() }
    }

    func load() -> StoredState {
        state.withLock { state in
            state.retainedOrders = [:]
            return StoredState(sessions: Array(state.sessions.values), retained: Array(state.retained.values))
        }
    }

    func apply(_ changes: [StoreChange], whenDurable: @escaping @Sendable () -> Void) {
        let isHolding = state.withLock { state in
            for change in changes { state.apply(change) }
            state.changeCount += changes.count
            if state.isHolding { state.waiting.append(whenDurable) }
            return state.isHolding
        }
        if !isHolding { whenDurable() }
    }
}

extension MemoryStore.State {
    fileprivate mutating func apply(_ change: StoreChange) {
        switch change {
        case .sessionPresent(let id, let owner, let expiresIn):
            var session = sessions[id] ?? StoredSession(clientID: id, owner: owner, expiresIn: nil)
            (session.owner, session.expiresIn) = (owner, expiresIn)
            sessions[id] = session
        case .sessionAbsent: break
        case .sessionEnded(let id): sessions[id] = nil
        case .subscribed(let id, let subscription):
            sessions[id]?.subscriptions.removeAll { $0.filter == subscription.filter }
            sessions[id]?.subscriptions.append(subscription)
        case .unsubscribed(let id, let filter): sessions[id]?.subscriptions.removeAll { $0.filter == filter }
        case .queued(let id, let delivery): sessions[id]?.deliveries.append(delivery)
        case .sent(let id, let message, let packetID): move(id, to: .sent(packetID)) { $0.isQueued(message) }
        case .released(let id, let packetID): move(id, to: .released(packetID)) { $0.stage == .sent(packetID) }
        case .settled(let id, let packetID):
            sessions[id]?.deliveries.removeAll { $0.stage == .sent(packetID) || $0.stage == .released(packetID) }
        case .dropped(let id, let message):
            guard let index = sessions[id]?.deliveries.firstIndex(where: { $0.isQueued(message) }) else { return }
            sessions[id]?.deliveries.remove(at: index)
        case .received(let id, let packetID, _): sessions[id]?.received.append(packetID)
        case .completed(let id, let packetID): sessions[id]?.received.removeAll { $0 == packetID }
        case .parts: break
        case .retained(let message, let order):
            if noteRetained(message.topic, order) { retained[message.topic] = message }
        case .retainedCleared(let topic, let order):
            if noteRetained(topic, order) { retained[topic] = nil }
        case .will(let id, let will): sessions[id]?.will = will
        }
    }

    private mutating func noteRetained(_ topic: TopicName, _ order: UInt64) -> Bool {
        guard retainedOrders[topic, default: 0] < order else { return false }
        retainedOrders[topic] = order
        return true
    }

    private mutating func move(
        _ id: ClientID, to stage: StoredDelivery.Stage, _ isMeant: (StoredDelivery) -> Bool
    ) {
        guard let index = sessions[id]?.deliveries.firstIndex(where: isMeant) else { return }
        sessions[id]?.deliveries[index].stage = stage
    }
}

extension StoredDelivery {
    fileprivate func isQueued(_ id: UInt64) -> Bool { stage == .queued && message.id == id }
}
