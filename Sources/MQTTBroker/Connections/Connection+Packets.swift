import MQTTWire

/// What a client's packets do.
extension Connection {
    /// Takes a packet; the channel lends its body.
    func take(_ header: FixedHeader, _ body: Span<UInt8>) throws(PacketError) {
        guard let session else { return try takeBeforeConnack(header, body) }
        shard.counters.add(1, to: .packetsReceived)
        shard.counters.add(header.packetLength, to: .bytesReceived)
        let context = inboundContext
        switch header.type {
        case .publish:
            guard let layout = try PublishLayout.decode(header: header, prefix: body, in: context) else {
                throw PacketError(.malformedPacket, "PUBLISH that ends within its head")
            }
            let payload = body.extracting(layout.payload)
            try publish(layout, body, payload: SharedSlice(SharedBytes(copying: payload)), session)
        case .puback:
            let ack = try Puback(header: header, body: body, in: context)
            try checkStage(of: ack.packetID, is: .puback, header.type, session)
            try settle(ack.packetID, session.window.puback(ack.packetID), session)
        case .pubrec:
            let ack = try Pubrec(header: header, body: body, in: context)
            try checkStage(of: ack.packetID, is: .pubrec, or: .pubcomp, header.type, session)
            try pubrec(ack, session)
        case .pubrel:
            let ack = try Pubrel(header: header, body: body, in: context)
            // The packet id is free again, whether or not the broker knew it [MQTT-4.3.3-11].
            // [MQTT-4.3.3-13]
            let isKnown = session.release(ack.packetID)
            publications?.unreleased.remove(ack.packetID)
            if isKnown { session.note(.completed(session.clientID, ack.packetID)) }
            session.whenDurable { [self] in
                send(Pubcomp(packetID: ack.packetID, reasonCode: isKnown ? .success : .packetIdentifierNotFound))
            }
            checkReceiptHold()
        case .pubcomp:
            let ack = try Pubcomp(header: header, body: body, in: context)
            try checkStage(of: ack.packetID, is: .pubcomp, header.type, session)
            try settle(ack.packetID, session.window.pubcomp(ack.packetID), session)
        case .subscribe:
            subscribe(try Subscribe(header: header, body: body, in: context), session)
        case .unsubscribe:
            unsubscribe(try Unsubscribe(header: header, body: body, in: context), session)
        case .pingreq:
            _ = try Pingreq(header: header, body: body, in: context)
            send(Pingresp())  // [MQTT-3.12.4-1]
        case .disconnect:
            try clientDisconnected(try Disconnect(header: header, body: body, in: context))
        case .connect:
            throw PacketError(.protocolError, "a second CONNECT", "MQTT-3.1.0-2")
        case .auth:
            try take(Auth(header: header, body: body, in: context))
        case .connack, .suback, .unsuback, .pingresp:
            throw PacketError(.protocolError, "\(header.type) from a client")
        }
    }

    /// The packet that answers a PUBLISH depends on its QoS [MQTT-3.3.4-1]: another one is a violation. Under a packet id that nothing is in flight
    /// under, it is a stray one.
    private func checkStage(
        of packetID: PacketID, is expected: OutboundWindow<Delivery>.Stage,
        or other: OutboundWindow<Delivery>.Stage? = nil, _ type: PacketType, _ session: Session
    ) throws(PacketError) {
        guard let stage = session.window.stage(of: packetID), stage != expected, stage != other else { return }
        throw PacketError(.protocolError, "\(type) for packet id \(packetID), where \(stage) is due", "MQTT-3.3.4-1")
    }

    private func pubrec(_ ack: Pubrec, _ session: Session) throws(PacketError) {
        let outcome = session.window.pubrec(ack.packetID, failure: ack.reasonCode.isError)
        switch outcome {
        case .settled: try settle(ack.packetID, outcome, session)
        case .released(let delivery):
            try endTracked(delivery, session)
            session.note(.released(session.clientID, ack.packetID))
            // Who gets PUBREL forgets the packet id: after a crash PUBLISH must not come again [MQTT-4.3.3-6].
            session.whenDurable { [self] in send(Pubrel(packetID: ack.packetID)) }  // [MQTT-4.3.3-4]
        case .releasedAgain:
            session.whenDurable(afterAll: true) { [self] in send(Pubrel(packetID: ack.packetID)) }
        case .unknown:
            guard !ack.reasonCode.isError else { return }
            send(Pubrel(packetID: ack.packetID, reasonCode: .packetIdentifierNotFound))
        }
    }

    /// A stray acknowledgement changes nothing.
    private func settle(
        _ packetID: PacketID, _ outcome: OutboundWindow<Delivery>.Outcome, _ session: Session
    ) throws(PacketError) {
        guard case .settled(let delivery) = outcome else { return }
        session.countInFlight()
        session.note(.settled(session.clientID, packetID))
        try endTracked(delivery, session)
        fillOutput()
    }

    private func endTracked(_ delivery: Delivery?, _ session: Session) throws(PacketError) {
        guard let token = delivery?.token, let stage = session.tracked[token] else { return }
        guard stage == .written else {
            throw PacketError(.protocolError, "an acknowledgement of a PUBLISH that has not been sent completely")
        }
        session.endTracked(token, .delivered)
    }
}
