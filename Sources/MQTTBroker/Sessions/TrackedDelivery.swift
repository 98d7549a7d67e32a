import MQTTWire

/// How far a delivery with a token has come.
enum DeliveryStage {
    /// In the session's queue.
    case queued
    /// In the connection's output, no byte of it sent.
    case buffered
    /// Sent in part.
    case begun
    /// Sent; waits for its acknowledgement.
    case written

    /// How the delivery ends if its connection ends now.
    var endWithConnection: DeliveryEnd {
        switch self {
        case .queued, .buffered: .notSent
        case .begun: .cutOff
        case .written: .delivered
        }
    }
}

extension Session {
    /// Ends a tracked delivery and tells so; nothing if it has ended before.
    func endTracked(_ token: DeliveryToken, _ end: DeliveryEnd) {
        guard tracked.removeValue(forKey: token) != nil else { return }
        shard.deliveries[token] = nil
        shard.report(.ended(token, end))
    }

    /// The connection ended, and with it every delivery to it.
    func endTracked() {
        for (token, stage) in tracked { endTracked(token, stage.endWithConnection) }
    }

    /// The output got on with a tracked delivery.
    func progressed(_ progress: SendQueue.Progress) {
        switch progress {
        case .began(let token):
            let token = DeliveryToken(rawValue: token)
            guard tracked[token] != nil else { return }
            tracked[token] = .begun
            shard.report(.began(token))
        case .finished(let token):
            let token = DeliveryToken(rawValue: token)
            guard tracked[token] != nil else { return }
            tracked[token] = .written
            shard.report(.written(token))
        }
    }
}

extension Shard {
    /// Delivers to those of the targets that are connected and subscribe; tells of the others at once.
    func deliver(_ message: Message, to targets: [DeliveryTarget]) {
        for target in targets {
            guard let session = sessions[target.clientID], let connection = session.connection,
                connection.id == target.connectionID, deliveries[target.token] == nil,
                let delivery = session.delivery(of: message, token: target.token)
            else {
                report(.ended(target.token, .notSent))
                continue
            }
            deliveries[target.token] = session
            session.tracked[target.token] = .queued
            session.deliver(delivery)
        }
    }

    /// Of those of the deliveries that this loop sends now, what is to go.
    func unacknowledgedBytes(of tokens: [DeliveryToken]) -> [DeliveryToken: Int] {
        var bytes: [DeliveryToken: Int] = [:]
        for token in tokens {
            guard let session = deliveries[token], let stage = session.tracked[token] else { continue }
            switch stage {
            case .queued, .buffered: continue
            case .begun, .written: bytes[token] = session.connection?.unacknowledgedBytes(of: token.rawValue)
            }
        }
        return bytes
    }

    /// Stops tracked deliveries of this loop that have not been written.
    func cancel(_ tokens: [DeliveryToken]) {
        for token in tokens {
            guard let session = deliveries[token], let stage = session.tracked[token] else { continue }
            switch stage {
            case .queued:
                _ = session.removeQueued(token)
                session.endTracked(token, .notSent)
            case .buffered where session.connection?.takeBack(token) == true:
                session.endTracked(token, .notSent)
                session.connection?.fillOutput()
            case .buffered, .begun:
                session.connection?.end(.administrative("a delivery that had begun was cancelled"), sending: nil)
            case .written:
                continue
            }
        }
    }
}

extension Session {
    /// What this session gets of a message by its subscriptions; `nil` if none matches.
    fileprivate func delivery(of message: Message, token: DeliveryToken) -> Delivery? {
        let matching = subscriptions.all.filter { !$0.filter.isShared && $0.filter.matches(message.topic) }
        guard let qos = matching.map(\.options.maximumQoS).max() else { return nil }
        return Delivery(
            message: message, qos: min(qos, message.qos),
            retain: message.retain && matching.contains { $0.options.retainAsPublished },
            identifiers: matching.compactMap(\.identifier), token: token)
    }
}
