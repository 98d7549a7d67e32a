import MQTTBroker
import MQTTWire
import Testing

/// What clients publish to an in-process subscriber, and when they are answered.
struct InterceptionTests {
    private let received = Recorder<InterceptedPublication>()

    private func hooks(limit: Int = 100) throws -> Hooks {
        let received = received
        return Hooks(interceptors: [
            Interceptor(filters: [try TopicFilter("TOCLOUD/#")], outstandingLimit: limit) { received.record($0) }
        ])
    }

    @Test func handsOverWhatWasPublished() async throws {
        try await withBroker(hooks: try hooks()) { _, port in
            let peer = try Peer(port: port)
            try peer.connect("gw1")
            let payload = (0...255).map { UInt8($0) }
            try peer.publish("TOCLOUD/STATUS/gw1", bytes: payload)
            try peer.publish("elsewhere", bytes: payload)
            try peer.ping()
            let publication = try #require(received.all.first)
            #expect(received.all.count == 1)
            #expect(publication.topic.text == "TOCLOUD/STATUS/gw1")
            #expect(publication.payload.withUnsafeBytes { Array($0) } == payload)
            #expect(publication.client.clientID.text == "gw1")
            #expect(publication.qos == .atMostOnce)
        }
    }

    @Test("MQTT-4.6.0-2: PUBACKs are held until acknowledged, and keep the order of the PUBLISHes")
    func holdsPubacksInOrder() async throws {
        try await withBroker(hooks: try hooks()) { _, port in
            let peer = try Peer(port: port)
            try peer.connect("gw1")
            try peer.publish("TOCLOUD/a", qos: .atLeastOnce, packetID: 1)
            try peer.publish("other", qos: .atLeastOnce, packetID: 2)
            try peer.publish("TOCLOUD/b", qos: .exactlyOnce, packetID: 3)
            try eventually("both are handed over") { received.all.count == 2 }
            #expect(try peer.isSilent())
            received.all[1].acknowledge()
            #expect(try peer.isSilent())
            received.all[0].acknowledge()
            received.all[0].acknowledge()
            #expect(try peer.nextPuback().packetID.rawValue == 1)
            #expect(try peer.nextPuback().packetID.rawValue == 2)
            #expect(try peer.next() == .pubrec(Pubrec(packetID: try PacketID(3))))
        }
    }

    @Test func stopsReadingAtTheLimit() async throws {
        try await withBroker(hooks: try hooks(limit: 3)) { _, port in
            let peer = try Peer(port: port)
            try peer.connect("gw1")
            for id in 1...10 { try peer.publish("TOCLOUD/a", qos: .atLeastOnce, packetID: UInt16(id)) }
            try eventually("three come") { received.all.count == 3 }
            pause(milliseconds: 50)
            #expect(received.all.count == 3)
            for id in 1...10 {
                try eventually("the next comes") { received.all.count >= id }
                received.all[id - 1].acknowledge()
                #expect(try peer.nextPuback().packetID.rawValue == UInt16(id))
            }
        }
    }

    @Test("MQTT-4.3.3-10: a QoS 2 PUBLISH that is sent again is not handed over again")
    func handsQoS2OverOnce() async throws {
        try await withBroker(hooks: try hooks()) { _, port in
            let first = try Peer(port: port)
            try first.connect("gw1", cleanStart: false)
            try first.publish("TOCLOUD/a", "x", qos: .exactlyOnce, packetID: 5)
            try eventually("it is handed over") { received.all.count == 1 }
            first.drop()
            let second = try Peer(port: port)
            #expect(try second.connect("gw1", cleanStart: false).sessionPresent)
            try second.publish("TOCLOUD/a", "x", qos: .exactlyOnce, packetID: 5, isDuplicate: true)
            #expect(try second.isSilent())
            received.all[0].acknowledge()
            #expect(try second.next() == .pubrec(Pubrec(packetID: try PacketID(5))))
            try second.send(.pubrel(Pubrel(packetID: try PacketID(5))))
            #expect(try second.next() == .pubcomp(Pubcomp(packetID: try PacketID(5))))
            #expect(received.all.count == 1)
        }
    }

    @Test func anAcknowledgementAfterTheEndIsHarmless() async throws {
        try await withBroker(hooks: try hooks()) { broker, port in
            let peer = try Peer(port: port)
            try peer.connect("gw1")
            try peer.publish("TOCLOUD/a", qos: .atLeastOnce)
            try eventually("it is handed over") { received.all.count == 1 }
            peer.drop()
            try eventually("the connection ends") { broker.snapshot.connections == 0 }
            received.all[0].acknowledge()
            let next = try Peer(port: port)
            try next.connect("gw1")
            try next.ping()
        }
    }
}
