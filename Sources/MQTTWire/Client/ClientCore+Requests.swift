/// What the program asks for, and what the session has to send.
extension ClientCore {
    /// Publications above this many waiting bytes complete when they have left, not when they are queued: that holds their publisher up.
    private static let eagerOutput = 64 * 1024

    private var outboundContext: PacketContext {
        PacketContext(version: configuration.version, direction: .toServer)
    }

    // MARK: Publish

    func publish(_ publication: MQTTPublication, _ request: UInt64, _ completion: Completion) {
        do throws(MQTTClientError) {
            try connection?.info.capabilities.check(publication)
            // Also without a connection: what can never be sent should not wait for one.
            let head = try head(of: publication, publication.qos == .atMostOnce ? nil : .first, isDuplicate: false)
            guard publication.qos == .atMostOnce else {
                return try publishWithHandshake(publication, request, completion)
            }
            guard let connection else { throw absence }
            let isEager = connection.channel.pendingOutput + publication.payload.count <= Self.eagerOutput
            connection.channel.send(
                head: head, payload: SharedSlice(publication.payload), token: isEager ? nil : request)
            if isEager {
                complete(completion)
            } else {
                completions[request] = completion
                departing.insert(request)
            }
        } catch {
            completion.fail(error)
        }
    }

    private func publishWithHandshake(
        _ publication: MQTTPublication, _ request: UInt64, _ completion: Completion
    ) throws(MQTTClientError) {
        guard mayConnectLater else { throw absence }
        guard session.publicationCount < configuration.maximumQueuedPublications else {
            throw .queueFull(maximum: configuration.maximumQueuedPublications)
        }
        completions[request] = completion
        session.publish(ClientSession.Outbound(publication: publication, request: request))
        sendWhatIsDue()
    }

    /// The last byte of a QoS 0 publication left.
    func left(_ request: UInt64) {
        departing.remove(request)
        finish(request, .success(()))
    }

    /// Fixed header and head of a PUBLISH; throws what forbids to send it.
    private func head(
        of publication: MQTTPublication, _ packetID: PacketID?, isDuplicate: Bool
    ) throws(MQTTClientError) -> [UInt8] {
        let head = PublishHead(
            flags: PublishFlags(qos: publication.qos, isDuplicate: isDuplicate, retain: publication.retain),
            topic: publication.topic, packetID: packetID, properties: publication.properties)
        var bytes: [UInt8] = []
        do {
            try head.encode(payloadLength: publication.payload.count, in: outboundContext, into: &bytes)
        } catch {
            throw .invalid(error)
        }
        let size = bytes.count + publication.payload.count
        if let maximum = connection?.info.capabilities.maximumPacketSize, size > maximum {
            throw .packetTooLarge(size: size, maximum: maximum)
        }
        return bytes
    }

    // MARK: Subscribe

    func subscribe(
        _ subscriptions: [Subscription], _ properties: Properties, _ request: UInt64, _ completion: Completion
    ) {
        do throws(MQTTClientError) {
            try connection?.info.capabilities.check(subscriptions, properties)
            try ask(.subscribe(subscriptions, properties), request, completion)
        } catch {
            completion.fail(error)
        }
    }

    func unsubscribe(_ filters: [TopicFilter], _ request: UInt64, _ completion: Completion) {
        do throws(MQTTClientError) {
            try ask(.unsubscribe(filters), request, completion)
        } catch {
            completion.fail(error)
        }
    }

    private func ask(
        _ kind: ClientSession.Request.Kind, _ id: UInt64, _ completion: Completion
    ) throws(MQTTClientError) {
        guard mayConnectLater else { throw absence }
        let request = ClientSession.Request(kind: kind, request: id)
        _ = try bytes(of: request, .first)
        completions[id] = completion
        session.request(request)
        sendWhatIsDue()
    }

    private func bytes(of request: ClientSession.Request, _ packetID: PacketID) throws(MQTTClientError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(PacketError) {
            switch request.kind {
            case .subscribe(let subscriptions, let properties):
                let packet = Subscribe(packetID: packetID, subscriptions: subscriptions, properties: properties)
                bytes = try packet.encoded(in: outboundContext)
            case .unsubscribe(let filters):
                bytes = try Unsubscribe(packetID: packetID, filters: filters).encoded(in: outboundContext)
            }
        } catch {
            throw .invalid(error)
        }
        if let maximum = connection?.info.capabilities.maximumPacketSize, bytes.count > maximum {
            throw .packetTooLarge(size: bytes.count, maximum: maximum)
        }
        return bytes
    }

    // MARK: Sending

    /// A connection was accepted: goes on with the session, or begins it anew.
    func resumeSession(_ info: MQTTConnectionInfo) {
        // 3.1 does not say whether it kept the session: repeating everything is right in both cases, but for a QoS 2 message that the server forgot.
        let isUncertain = !configuration.version.hasSessionPresentFlag && !configuration.cleanStart
        let settled = session.connected(
            resumes: info.sessionPresent || isUncertain,
            resubscribes: !info.sessionPresent && configuration.resubscribes,
            receiveMaximum: Int(info.capabilities.receiveMaximum))
        for settlement in settled {
            switch settlement {
            case .delivered(let request): finish(request, .success(()))
            case .unknown(let request): finish(request, .failure(.sessionLost))
            }
        }
        sendWhatIsDue()
    }

    /// Sends what the session has, as far as the server takes it.
    func sendWhatIsDue() {
        while let connection, let next = session.next() {
            switch next {
            case .publish(let packetID, let outbound, let isDuplicate):
                do throws(MQTTClientError) {
                    try connection.info.capabilities.check(outbound.publication)
                    let head = try head(of: outbound.publication, packetID, isDuplicate: isDuplicate)
                    connection.channel.send(head: head, payload: SharedSlice(outbound.publication.payload))
                } catch {
                    session.withdraw(outbound)
                    finish(outbound.request, .failure(error))
                }
            case .pubrel(let packetID): send(Pubrel(packetID: packetID))
            case .request(let packetID, let request):
                do throws(MQTTClientError) {
                    let bytes = try bytes(of: request, packetID)
                    connection.channel.send { $0.append(contentsOf: bytes) }
                } catch {
                    _ = session.answered(packetID)
                    if let id = request.request { completions.removeValue(forKey: id)?.fail(error) }
                }
            }
        }
    }

    /// Sends a packet that cannot be illegal.
    func send(_ packet: some ControlPacket) {
        guard let connection else { return }
        do {
            try connection.channel.send { (buffer) throws(PacketError) in
                try packet.encode(in: outboundContext, into: &buffer)
            }
        } catch {
            giveUp(.invalid(error))
        }
    }

    /// Says goodbye; a reason that cannot be said in this version is left out.
    func sendDisconnect(_ reason: ReasonCode, on channel: ClientChannel) {
        for code in [reason, .normalDisconnection] {
            let packet = Disconnect(reasonCode: code)
            if let bytes = try? packet.encoded(in: outboundContext) {
                return channel.send { $0.append(contentsOf: bytes) }
            }
        }
    }

    // MARK: Ends of requests

    func finish(_ request: UInt64, _ result: Result<Void, MQTTClientError>) {
        guard case .done(let completion)? = completions.removeValue(forKey: request) else { return }
        completion(result)
    }

    private func complete(_ completion: Completion) {
        if case .done(let completion) = completion { completion(.success(())) }
    }
}
