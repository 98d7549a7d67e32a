import MQTTWire

/// Those who publish into a session's queue and are not read until it has shrunk.
final class Congestion {
    /// Their loops.
    var publishers: [ConnectionID: Int] = [:]
    var drainCheck: EventLoop.TimerID?
}

/// Publishers are held up for a client that drains, and for no other.
extension Session {
    /// A publisher that fills the queue of a client that drains is slowed down; one that fills the queue of a client that does not is not made to wait for it.
    func holdPublisherIfCongested(_ publisher: Publisher?) {
        guard let publisher, let connection, publisher.connectionID != connection.id,
            congestion?.publishers[publisher.connectionID] == nil,
            isLarger(thanShare: 1), isDraining
        else { return }
        let congestion = congestion ?? Congestion()
        self.congestion = congestion
        congestion.publishers[publisher.connectionID] = publisher.loop
        tell(publisher.connectionID, on: publisher.loop, .slowDown(publisher.connectionID))
        if congestion.drainCheck == nil { scheduleDrainCheck() }
    }

    /// Lets publishers go on when the queue has shrunk to half of what held them.
    func queueShrank() {
        if congestion != nil, !isLarger(thanShare: 2) { releasePublishers() }
        if !retainedScans.isEmpty { goOnScanning() }
    }

    func isLarger(thanShare share: Int) -> Bool {
        queue.bytes > shard.core.limits.congestedBytes / share
            || queue.count > shard.core.limits.congestedMessages / share
    }

    /// Whether the client takes what is sent to it.
    var isDraining: Bool { connection.map { $0.stalledFor < patience } ?? false }

    /// A client that takes nothing for so long does not drain: nobody is slowed down for its sake. What was promised to it is worth a second, what may
    /// be lost anyway no more than a pause that the other subscribers do not notice.
    private var patience: Duration { queue.hasPromises || window.count > 0 ? .seconds(1) : .milliseconds(50) }

    private func scheduleDrainCheck() {
        let stalled = connection?.stalledFor ?? .zero
        congestion?.drainCheck = shard.loop.schedule(after: max(.milliseconds(1), patience - stalled)) {
            [unowned self] in
            congestion?.drainCheck = nil
            guard congestion != nil else { return }
            if isDraining { scheduleDrainCheck() } else { releasePublishers() }
        }
    }

    func releasePublishers() {
        guard let congestion else { return }
        self.congestion = nil
        if let drainCheck = congestion.drainCheck { shard.loop.cancel(drainCheck) }
        for (connection, loop) in congestion.publishers { tell(connection, on: loop, .goOn(connection)) }
    }

    private func tell(_ connection: ConnectionID, on loop: Int, _ item: Handover) {
        guard loop == shard.index else { return shard.handOver(item, to: loop) }
        guard let connection = shard.connections[connection] else { return }
        if case .slowDown = item { connection.congestionBegan() } else { connection.congestionEnded() }
    }
}
