/// What the server sends.
extension ClientCore {
    func received(_ header: FixedHeader, _ body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        guard connection != nil || header.type == .connack else {
            throw PacketError(.protocolError, "\(header.type) before CONNACK", "MQTT-3.2.0-1")
        }
        switch header.type {
        case .connack: try connackReceived(Connack(header: header, body: body, in: context))
        case .publish: try receivedWhole(header, body, in: context)
        case .puback: pubackReceived(try Puback(header: header, body: body, in: context))
        case .pubrec: pubrecReceived(try Pubrec(header: header, body: body, in: context))
        case .pubrel: pubrelReceived(try Pubrel(header: header, body: body, in: context))
        case .pubcomp: pubcompReceived(try Pubcomp(header: header, body: body, in: context))
        case .suback: try subackReceived(Suback(header: header, body: body, in: context))
        case .unsuback: try unsubackReceived(Unsuback(header: header, body: body, in: context))
        case .pingresp: _ = try Pingresp(header: header, body: body, in: context)
        case .disconnect:
            let packet = try Disconnect(header: header, body: body, in: context)
            giveUp(.disconnectedByServer(packet.reasonCode, reason: packet.properties.reasonString))
        case .auth:
            throw PacketError(.protocolError, "AUTH although CONNECT named no authentication method", "MQTT-4.12.0-6")
        default:
            throw PacketError(.protocolError, "\(header.type) to a client")
        }
    }

    // MARK: Messages

    private func receivedWhole(
        _ header: FixedHeader, _ body: Span<UInt8>, in context: PacketContext
    ) throws(PacketError) {
        guard let layout = try PublishLayout.decode(header: header, prefix: body, in: context) else {
            throw PacketError(.malformedPacket, "PUBLISH ends within its head")
        }
        let payload = layout.payload.isEmpty ? .empty : SharedBytes(copying: body.extracting(layout.payload))
        try received(PublishHead(layout, in: body), payload: payload)
    }

    /// A PUBLISH came, large or small.
    func received(_ head: PublishHead, payload: SharedBytes) throws(PacketError) {
        let topic = try topic(of: head)
        var receipt: InboundReceipt?
        if let packetID = head.packetID {
            receipt = session.inbound.receive(packetID, head.flags.qos)
            try checkReceiveMaximum()
            // A repetition of what the program has: it is answered, and not delivered again.
            guard receipt != nil else { return sendAcknowledgements() }
        }
        let message = MQTTMessage(
            topic: topic, payload: payload, qos: head.flags.qos, retain: head.flags.retain,
            isDuplicate: head.flags.isDuplicate, properties: head.properties, receipt: receipt,
            acknowledger: receipt == nil || configuration.acknowledgement == .automatic ? nil : acknowledger)
        deliver(message)
    }

    /// Only 5.0 tells the server of the limit.
    private func checkReceiveMaximum() throws(PacketError) {
        let (count, maximum) = (session.inbound.count, Int(configuration.receiveMaximum))
        guard count > maximum, configuration.version.hasProperties, configuration.enforcesReceiveMaximum else { return }
        throw PacketError(
            .receiveMaximumExceeded, "\(count) messages without acknowledgement; at most \(maximum)", "MQTT-3.3.4-9")
    }

    private func topic(of head: PublishHead) throws(PacketError) -> TopicName {
        guard let alias = head.properties.topicAlias else {
            guard let topic = head.topic else {
                throw PacketError(.protocolError, "PUBLISH without a topic name or alias", "MQTT-3.3.2-8")
            }
            return topic
        }
        guard 1...max(1, configuration.topicAliasMaximum) ~= alias, configuration.topicAliasMaximum > 0 else {
            throw PacketError(
                .topicAliasInvalid, "topic alias \(alias); at most \(configuration.topicAliasMaximum)", "MQTT-3.3.2-9")
        }
        if let topic = head.topic {
            topicAliases[alias] = topic
            return topic
        }
        guard let topic = topicAliases[alias] else {
            throw PacketError(.protocolError, "topic alias \(alias) was never given a topic")
        }
        return topic
    }

    private func deliver(_ message: MQTTMessage) {
        switch delivery {
        case .handler(let handler):
            handler(message)
            if configuration.acknowledgement == .automatic, let receipt = message.receipt { acknowledge(receipt) }
        case .buffer(let buffer):
            if buffer.offer(message) >= configuration.messageBuffer { pauseReading() }
        case .none: break
        }
    }

    /// A reader took a message out of the buffer.
    func taken(_ message: MQTTMessage, remaining: Int) {
        if configuration.acknowledgement == .automatic, let receipt = message.receipt { acknowledge(receipt) }
        // Not before half is empty: pausing and resuming for each message would cost a turn each.
        if remaining <= configuration.messageBuffer / 2 { resumeReading() }
    }

    /// The program has dealt with a message.
    func acknowledge(_ receipt: InboundReceipt) {
        session.inbound.acknowledge(receipt)
        sendAcknowledgements()
    }

    private func sendAcknowledgements() {
        guard connection != nil else { return }
        while let (packetID, qos) = session.inbound.nextAcknowledgement() {
            if qos == .exactlyOnce {
                send(Pubrec(packetID: packetID))
            } else {
                send(Puback(packetID: packetID))
            }
        }
    }

    private func pubrelReceived(_ packet: Pubrel) {
        let isKnown = session.inbound.release(packet.packetID)
        let sayUnknown = !isKnown && configuration.version.hasReasonCodes
        send(Pubcomp(packetID: packet.packetID, reasonCode: sayUnknown ? .packetIdentifierNotFound : .success))
    }

    // MARK: Answers

    private func pubackReceived(_ packet: Puback) {
        guard let outbound = session.puback(packet.packetID) else { return }
        finish(outbound.request, Self.result(packet))
        sendWhatIsDue()
    }

    private func pubrecReceived(_ packet: Pubrec) {
        switch session.pubrec(packet.packetID, isFailure: packet.reasonCode.isError) {
        case .release: send(Pubrel(packetID: packet.packetID))
        case .refused(let outbound):
            finish(outbound.request, Self.result(packet))
            sendWhatIsDue()
        case .unknown:
            guard !packet.reasonCode.isError else { return }
            let code = configuration.version.hasReasonCodes ? ReasonCode.packetIdentifierNotFound : .success
            send(Pubrel(packetID: packet.packetID, reasonCode: code))
        }
    }

    private func pubcompReceived(_ packet: Pubcomp) {
        if let request = session.pubcomp(packet.packetID) { finish(request, .success(())) }
        sendWhatIsDue()
    }

    private static func result(_ packet: some Acknowledgement) -> Result<Void, MQTTClientError> {
        guard packet.reasonCode.isError else { return .success(()) }
        return .failure(.publishRefused(packet.reasonCode, reason: packet.properties.reasonString))
    }

    private func subackReceived(_ packet: Suback) throws(PacketError) {
        guard let answered = session.answered(packet.packetID) else { return }
        guard case .subscribe(let subscriptions, let properties) = answered.kind,
            subscriptions.count == packet.reasonCodes.count
        else {
            throw PacketError(
                .protocolError, "SUBACK with \(packet.reasonCodes.count) reason codes does not fit its request",
                "MQTT-3.8.4-6")
        }
        var refused: [TopicFilter: ReasonCode] = [:]
        for (subscription, code) in zip(subscriptions, packet.reasonCodes) {
            if code.isError {
                refused[subscription.filter] = code
                session.unsubscribed(subscription.filter)
            } else {
                session.subscribed(subscription, properties)
            }
        }
        guard let id = answered.request, case .subscribed(let completion)? = completions.removeValue(forKey: id) else {
            return
        }
        completion(
            refused.isEmpty
                ? .success(packet.reasonCodes.compactMap(\.grantedQoS)) : .failure(.subscriptionsRefused(refused)))
    }

    private func unsubackReceived(_ packet: Unsuback) throws(PacketError) {
        guard let answered = session.answered(packet.packetID) else { return }
        guard case .unsubscribe(let filters) = answered.kind else {
            throw PacketError(.protocolError, "UNSUBACK \(packet.packetID) answers a SUBSCRIBE")
        }
        for filter in filters { session.unsubscribed(filter) }
        if let id = answered.request { finish(id, .success(())) }
    }
}
