import MQTTBroker
import MQTTWire
import Testing

/// What the broker tells about itself below `$SYS`.
struct SystemTopicTests {
    private func values(_ peer: Peer, _ filter: String = "$SYS/#", qos: QoS = .atLeastOnce) throws -> [String: String] {
        try peer.subscribe(filter, qos: qos)
        try peer.send(.pingreq(Pingreq()))
        var values: [String: String] = [:]
        while true {
            switch try peer.next() {
            case .publish(let publish):
                #expect(publish.head.flags.retain && publish.head.flags.qos == .atMostOnce)
                values[publish.topicText] = publish.text
            case .pingresp: return values
            case let packet:
                Issue.record("\(String(describing: packet))")
                return values
            }
        }
    }

    private func configuration(every interval: Duration) -> BrokerConfiguration {
        var configuration = BrokerConfiguration(listeners: [.init(port: 0)], loops: 2)
        configuration.sysInterval = interval
        configuration.version = "broker 1.2"
        return configuration
    }

    @Test("A subscriber gets what the counters say, under the names that operators know")
    func tells() async throws {
        try await withBroker(configuration(every: .seconds(100))) { broker, ports in
            let (absent, peer) = (try Peer(port: ports[0]), try Peer(port: ports[0]))
            try absent.connect("absent", cleanStart: false)
            try absent.subscribe("t")
            absent.drop()
            try eventually("it is gone") { broker.snapshot.clients == 0 }
            try peer.connect("peer")
            try peer.publishAcknowledged("t", "1234")
            try peer.publishAcknowledged("r", "12", retain: true)
            let values = try values(peer)
            let expected = [
                "version": "broker 1.2", "clients/connected": "1", "clients/disconnected": "1", "clients/total": "2",
                "clients/maximum": "1", "clients/expired": "0", "publish/messages/received": "2",
                "publish/messages/sent": "0", "publish/messages/dropped": "0", "publish/bytes/received": "6",
                "messages/stored": "2", "messages/inflight": "0", "retained messages/count": "1",
                "subscriptions/count": "2", "shared_subscriptions/count": "0",
                // Twice CONNECT and SUBSCRIBE, and the two PUBLISHes.
                "messages/received": "6",
            ]
            for (name, value) in expected { #expect(values["$SYS/broker/" + name] == value, "\(name)") }
            #expect(values["$SYS/broker/uptime"]?.hasSuffix(" seconds") == true)
            #expect(Int(values["$SYS/broker/bytes/received"] ?? "").map { $0 > 0 } == true)
            #expect(broker.snapshot.retainedMessages == 1 && broker.snapshot.queuedMessages == 1)
        }
    }

    @Test("They come again at every interval, those that have changed, for as long as somebody asks for them")
    func comeAgain() async throws {
        try await withBroker(configuration(every: .milliseconds(100))) { broker, ports in
            let (watching, other) = (try Peer(port: ports[0]), try Peer(port: ports[0], version: .v5_0))
            try other.connect("other")
            try watching.connect("watching")
            #expect(try values(watching, "$SYS/broker/clients/+")["$SYS/broker/clients/connected"] == "2")
            other.drop()
            var last: Publish
            repeat { last = try watching.nextPublish() } while last.text != "1"
            // Not a retained message, but one that was just published.
            #expect(last.topicText.hasPrefix("$SYS/broker/clients/") && !last.head.flags.retain)
            try watching.send(
                .unsubscribe(Unsubscribe(packetID: .first, filters: [try TopicFilter("$SYS/broker/clients/+")])))
            pause(milliseconds: 250)
            let sent = broker.snapshot.publishesSent
            pause(milliseconds: 250)
            #expect(broker.snapshot.publishesSent == sent)
            // And once more from the beginning.
            let newcomer = try Peer.connected(ports[0])
            #expect(try values(newcomer).count > 20)
        }
    }

    @Test("MQTT-4.7.2-1: no wildcard in the first level asks for them, and an interval of zero turns them off")
    func onlyWhoAsks() async throws {
        try await withBroker(configuration(every: .seconds(100))) { _, ports in
            let peer = try Peer.connected(ports[0])
            for filter in ["#", "+/#", "+/broker/uptime"] { #expect(try values(peer, filter) == [:]) }
            #expect(try values(peer, "$SYS/broker/uptime").count == 1)
        }
        try await withBroker(configuration(every: .zero)) { _, ports in
            let peer = try Peer.connected(ports[0])
            #expect(try values(peer) == [:])
        }
    }

    @Test("Nobody else publishes there, and no session keeps what comes from there")
    func reserved() async throws {
        try await withBroker(configuration(every: .milliseconds(50))) { broker, ports in
            let absent = try Peer(port: ports[0])
            try absent.connect("absent", cleanStart: false)
            #expect(try values(absent, qos: .exactlyOnce).count > 20)
            absent.drop()
            let peer = try Peer(port: ports[0], version: .v5_0)
            try peer.connect("peer", will: Will(topic: try TopicName("$SYS/x"), payload: [1]))
            #expect(try peer.publishAcknowledged("$SYS/x", retain: true) == .notAuthorized)
            #expect(try peer.publishAcknowledged("$SYS") == .notAuthorized)
            #expect(try peer.publishAcknowledged("$SYSTEM/x") == .noMatchingSubscribers)
            peer.drop()
            try eventually("its will is refused too") { broker.snapshot.publishesRefused == 3 }
            pause(milliseconds: 200)
            #expect(broker.snapshot.queuedMessages == 0 && broker.snapshot.retainedMessages == 0)
        }
    }

    @Test func theHookDecidesWhoReadsThem() async throws {
        let hooks = Hooks(authorizeSubscribe: { client, filter, _ in
            filter.text.hasPrefix("$SYS/") && client.clientID.text != "operator" ? .refuse : .allow
        })
        try await withBroker(hooks: hooks) { _, port in
            let (anybody, one) = (try Peer(port: port), try Peer(port: port))
            try anybody.connect("anybody")
            #expect(try anybody.subscribe("$SYS/#") == [.unspecifiedError])
            try one.connect("operator")
            #expect(try values(one).count > 20)
        }
    }
}

extension Peer {
    /// A peer that is let in under a client id of the broker's choice.
    fileprivate static func connected(_ port: UInt16) throws -> Peer {
        let peer = try Peer(port: port)
        try peer.connect("")
        return peer
    }
}
