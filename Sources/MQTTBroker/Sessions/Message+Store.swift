import Logging
import MQTTWire

extension Message {
    /// What a store keeps of it.
    func stored(at now: MonotonicTime) -> StoredMessage {
        StoredMessage(
            id: id, topic: topic, prefix: prefix, body: body, qos: qos, retain: retain, properties: properties,
            expiresIn: expiry.map { $0 - now }, publisher: publisher?.clientID)
    }

    convenience init(_ stored: StoredMessage, core: Core, now: MonotonicTime) {
        self.init(
            id: stored.id, topic: stored.topic, prefix: stored.prefix, body: stored.body, qos: stored.qos,
            retain: stored.retain, properties: stored.properties, expiry: stored.expiresIn.map { now + $0 },
            publisher: stored.publisher.map {
                Publisher(clientID: $0, connectionID: core.nextConnectionID(), loop: core.home(of: $0))
            }, budget: core.budget)
    }
}

extension Delivery {
    /// What a store keeps of a delivery that waits.
    func stored(at now: MonotonicTime) -> StoredDelivery {
        StoredDelivery(
            message: message.stored(at: now), qos: qos, retain: retain, identifiers: identifiers, stage: .queued)
    }

    /// Whether it must survive a crash.
    var isDurable: Bool { qos != .atMostOnce && !message.endsWithConnection }
}

extension PendingWill {
    var stored: StoredWill {
        StoredWill(
            will: will, userName: client.userName, remoteAddress: client.remoteAddress,
            protocolVersion: client.protocolVersion)
    }
}

extension Shard {
    /// Brings a stored session back to life, with what waits of the messages in it; its client is absent.
    func restore(_ stored: StoredSession, _ messages: [UInt64: Message]) {
        let expiry = stored.expiresIn.map { $0 > .zero ? SessionExpiry.after($0) : .withConnection } ?? .never
        let client = ConnectedClient(
            clientID: stored.clientID, connectionID: core.nextConnectionID(), identity: stored.owner,
            userName: stored.will?.userName, remoteAddress: stored.will?.remoteAddress ?? "",
            protocolVersion: stored.will?.protocolVersion ?? .v3_1_1)
        guard let session = makeSession(client, expiry: expiry) else {
            core.logger.error(
                "a stored session is given up: there are as many as there may be",
                metadata: ["client": "\(stored.clientID.text.debugDescription)"])
            return note(.sessionEnded(stored.clientID))
        }
        for subscription in stored.subscriptions {
            _ = session.subscribe(
                subscription.filter, options: subscription.options, identifier: subscription.identifier)
        }
        for delivery in stored.deliveries {
            session.restore(
                Delivery(
                    message: messages[delivery.message.id] ?? Message(delivery.message, core: core, now: loop.now),
                    qos: delivery.qos,
                    retain: delivery.retain, identifiers: delivery.identifiers),
                delivery.stage)
        }
        for packetID in stored.received {
            session.receive(
                packetID,
                receipt: Receipt(
                    packetID: packetID, qos: .exactlyOnce, reasonCode: .success, outstanding: 0, session: session))
        }
        restored.append((session, stored.will.map { restore($0, of: client) }))
        // The store knows all this.
        journal.forgetRestored()
    }

    /// The time of the sessions that were restored begins to run: now all are there that may want what is published.
    func beginRestored() {
        for (session, will) in restored where sessions[session.clientID] === session {
            session.restored(will: will)
        }
        restored = []
    }

    private func restore(_ will: StoredWill, of client: ConnectedClient) -> PendingWill {
        PendingWill(
            KeptWill(restored: will.will, of: core.willBudget), of: client, publisher: Publisher(client, loop: index),
            delayLeft: will.delayLeft)
    }
}
