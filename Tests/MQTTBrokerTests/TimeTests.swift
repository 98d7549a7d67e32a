import MQTTBroker
import MQTTWire
import Testing

struct TimeTests {
    @Test(
        "MQTT-3.1.2-22: one and a half keep-alives of silence end the connection", arguments: ProtocolVersion.allCases)
    func enforcesTheKeepAlive(version: ProtocolVersion) async throws {
        let events = Recorder<BrokerEvent>()
        try await withBroker(hooks: Hooks(observe: { events.record($0) })) { broker, port in
            let (silent, talking) = (try Peer(port: port, version: version), try Peer(port: port, version: version))
            try silent.connect("silent", keepAlive: 1)
            try talking.connect("talking", keepAlive: 1)
            let start = ContinuousClock.now
            while ContinuousClock.now - start < .milliseconds(2200) {
                try talking.ping()
                pause(milliseconds: 200)
            }
            #expect(events.all.last?.summary == "disconnected silent: keep-alive timeout")
            #expect(
                try silent.last() == (version == .v5_0 ? .disconnect(Disconnect(reasonCode: .keepAliveTimeout)) : nil))
            try talking.ping()
            #expect(broker.snapshot.keepAliveTimeouts == 1)
        }
    }

    @Test func enforcesItsOwnKeepAliveOn5() async throws {
        try await withBroker(limits: { $0.maximumKeepAlive = .seconds(1) }) { _, port in
            let peer = try Peer(port: port, version: .v5_0)
            #expect(try peer.connect("c", keepAlive: 0).properties.serverKeepAlive == 1)
            #expect(try peer.lastReason() == .keepAliveTimeout)
        }
    }

    @Test func dropsAClientThatTakesNoByte() async throws {
        let events = Recorder<BrokerEvent>()
        try await withBroker(
            hooks: Hooks(observe: { events.record($0) }), limits: { $0.writeStall = .milliseconds(300) }
        ) { _, port in
            let (stalled, publisher) = (try Peer(port: port), try Peer(port: port))
            try stalled.connect("stalled")
            try stalled.subscribe("t", qos: .atMostOnce)
            try publisher.connect("p")
            try publisher.publish("t", bytes: [UInt8](repeating: 1, count: 16 << 20))
            try publisher.ping()
            try eventually("it is dropped") {
                events.all.last?.summary == "disconnected stalled: took no byte for the write-stall time"
            }
        }
    }
}
