import MQTTBroker
import MQTTWire
import Testing

/// Situations that the interoperability tests of others look at, and that the specifications name only in passing.
struct InteroperabilityTests {
    @Test("MQTT-3.3.4-3: a Subscription Identifier comes with stored, retained and shared messages, and can be changed")
    func identifiersComeAlong() async throws {
        try await withBroker { broker, port in
            let (publisher, first) = (try Peer(port: port), try Peer(port: port, version: .v5_0))
            try publisher.connect("p")
            try first.connect("s", properties: [.sessionExpiryInterval(100)])
            try first.subscribe("a", identifier: 1)
            try first.subscribe("a", identifier: 2)
            first.drop()
            try eventually("it is gone") { broker.snapshot.connections == 1 }
            try publisher.publishAcknowledged("a")
            try publisher.publishAcknowledged("r", "kept", retain: true)
            let second = try Peer(port: port, version: .v5_0)
            try second.connect("s", cleanStart: false)
            #expect(try second.nextPublish().head.properties.subscriptionIdentifiers == [2])
            try second.subscribe("r", identifier: 268_435_455)
            #expect(try second.nextPublish().head.properties.subscriptionIdentifiers == [268_435_455])
            try second.subscribe("$share/g/sh", identifier: 3)
            try publisher.publishAcknowledged("sh")
            #expect(try second.nextPublish().head.properties.subscriptionIdentifiers == [3])
            try second.subscribe("a")
            try publisher.publishAcknowledged("a")
            #expect(try second.nextPublish().head.properties.subscriptionIdentifiers.isEmpty)
        }
    }

    @Test(
        "MQTT-3.1.2-8, MQTT-3.1.3-9: a takeover publishes the will that has no delay, or whose session ends, and no other"
    )
    func willsAtATakeover() async throws {
        try await withBroker { _, port in
            let watcher = try Peer(port: port)
            try watcher.connect("w")
            try watcher.subscribe("will")
            for (delay, cleanStart, isPublished) in [
                (UInt32(0), false, true), (1000, true, true), (1000, false, false),
            ] {
                let will = Will(
                    topic: try TopicName("will"), payload: [1],
                    properties: try Properties([.willDelayInterval(delay)]))
                let (old, new) = (try Peer(port: port, version: .v5_0), try Peer(port: port, version: .v5_0))
                try old.connect("d", will: will, properties: [.sessionExpiryInterval(2000)])
                try new.connect("d", cleanStart: cleanStart, properties: [.sessionExpiryInterval(2000)])
                #expect(try old.lastReason() == .sessionTakenOver)
                if isPublished { #expect(try watcher.nextPublish().payload == [1]) }
                try watcher.ping()
                try new.send(.disconnect(Disconnect(properties: try Properties([.sessionExpiryInterval(0)]))))
                #expect(try new.next() == nil)
            }
        }
    }

    @Test("MQTT-3.3.1-9: a shared subscription gets no retained messages, and $SYS is no wildcard's")
    func whatIsNotRetainedForAll() async throws {
        try await withBroker { _, port in
            let (publisher, peer) = (try Peer(port: port), try Peer(port: port, version: .v5_0))
            try publisher.connect("p")
            try publisher.publishAcknowledged("t", "kept", retain: true)
            try publisher.publishAcknowledged("$x/t", "kept", retain: true)
            try peer.connect("s")
            try peer.subscribe("$share/g/t", "+/t", "$share/g/#")
            try peer.ping()
        }
    }

    @Test("MQTT-4.3.3-10: QoS 2 across a takeover is delivered once", arguments: [ProtocolVersion.v3_1_1, .v5_0])
    func exactlyOnceAcrossATakeover(version: ProtocolVersion) async throws {
        try await withBroker { _, port in
            let keeps: [Property] = version == .v5_0 ? [.sessionExpiryInterval(100)] : []
            let subscriber = try Peer(port: port)
            try subscriber.connect("s")
            try subscriber.subscribe("t", qos: .atMostOnce)
            let id = try PacketID(3)
            for round in 0..<3 {
                let publisher = try Peer(port: port, version: version)
                try publisher.connect("p", cleanStart: false, properties: keeps)
                try publisher.publish("t", "once", qos: .exactlyOnce, packetID: 3, isDuplicate: round > 0)
                guard case .pubrec = try publisher.next() else {
                    Issue.record("no PUBREC")
                    return
                }
                if round == 2 {
                    try publisher.send(.pubrel(Pubrel(packetID: id)))
                    #expect(try publisher.next() == .pubcomp(Pubcomp(packetID: id)))
                }
            }
            #expect(try subscriber.nextPublish().text == "once")
            try subscriber.ping()
        }
    }

    @Test("What a publisher sends ends no subscriber's connection")
    func subscribersOutliveWhatTheyGet() async throws {
        try await withBroker { _, port in
            let (publisher, tiny, old) = (
                try Peer(port: port, version: .v5_0), try Peer(port: port, version: .v5_0),
                try Peer(port: port, version: .v3_1)
            )
            try publisher.connect("p")
            try tiny.connect("tiny", properties: [.maximumPacketSize(60)])
            try old.connect("old")
            for peer in [tiny, old] { try peer.subscribe("#", qos: .exactlyOnce) }
            let pairs = (0..<3000).map { Property.userProperty(UserProperty(name: "name \($0)", value: "")) }
            let whims: [(String, String, [Property])] = [
                (String(repeating: "n", count: 65_535), "", []), ("t", String(repeating: "x", count: 100_000), []),
                ("t", "", pairs), ("t", "", [.messageExpiryInterval(0)]), ("t", "", [.payloadFormatIndicator(true)]),
                ("\u{1}\u{FFFF}", "", []),
            ]
            for (topic, payload, properties) in whims {
                try publisher.publishAcknowledged(topic, payload, properties: properties)
            }
            try publisher.publish("end", "end")
            for peer in [tiny, old] {
                var text = ""
                while text != "end" { text = try peer.nextPublish().text }
                try peer.ping()
            }
        }
    }
}
