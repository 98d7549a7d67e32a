import MQTTWire

/// Publishers are held up for a client that drains, and for no other.
extension Session {
    /// A publisher that fills the queue of a client that drains is slowed down; one that fills the queue of a client that does not is not made to wait for it.
    func holdPublisherIfCongested(_ publisher: Publisher?) {
        guard let publisher, let connection, publisher.connectionID != connection.id,
            heldPublishers[publisher.connectionID] == nil,
            isLarger(thanShare: 1), connection.isDraining
        else { return }
        heldPublishers[publisher.connectionID] = publisher.loop
        tell(publisher.connectionID, on: publisher.loop, .slowDown(publisher.connectionID))
        if drainCheck == nil { scheduleDrainCheck() }
    }

    /// Lets publishers go on when the queue has shrunk to half of what held them.
    func queueShrank() {
        if !heldPublishers.isEmpty, !isLarger(thanShare: 2) { releasePublishers() }
        if !retainedScans.isEmpty { goOnScanning() }
    }

    func isLarger(thanShare share: Int) -> Bool {
        queue.bytes > shard.core.limits.congestedBytes / share
            || queue.count > shard.core.limits.congestedMessages / share
    }

    private func scheduleDrainCheck() {
        drainCheck = shard.loop.schedule(after: Connection.drainPatience) { [unowned self] in
            drainCheck = nil
            guard let connection, !heldPublishers.isEmpty else { return }
            if connection.isDraining { scheduleDrainCheck() } else { releasePublishers() }
        }
    }

    func releasePublishers() {
        if let drainCheck { shard.loop.cancel(drainCheck) }
        drainCheck = nil
        let held = heldPublishers
        heldPublishers = [:]
        for (connection, loop) in held { tell(connection, on: loop, .goOn(connection)) }
    }

    private func tell(_ connection: ConnectionID, on loop: Int, _ item: Handover) {
        guard loop == shard.index else { return shard.handOver(item, to: loop) }
        guard let connection = shard.connections[connection] else { return }
        if case .slowDown = item { connection.congestionBegan() } else { connection.congestionEnded() }
    }
}
