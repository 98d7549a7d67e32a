import MQTTBroker
import MQTTWire
import Testing

struct ConnectTests {
    @Test(arguments: ProtocolVersion.allCases)
    func letsEveryVersionIn(version: ProtocolVersion) async throws {
        try await withBroker { _, port in
            let peer = try Peer(port: port, version: version)
            #expect(try peer.connect("c").sessionPresent == false)
            try peer.ping()
        }
    }

    @Test("MQTT-3.1.3-6: a client without an id gets one", arguments: [ProtocolVersion.v3_1_1, .v5_0])
    func assignsAClientID(version: ProtocolVersion) async throws {
        try await withBroker { _, port in
            let (first, second) = (try Peer(port: port, version: version), try Peer(port: port, version: version))
            let assigned = [try first.connect(""), try second.connect("")].map(\.properties.assignedClientIdentifier)
            if version == .v5_0 {
                #expect(assigned[0] != nil && assigned[0] != assigned[1])
            }
            try first.ping()
        }
    }

    @Test("MQTT-3.1.4-3: a second connection with the same client id ends the first")
    func takesOver() async throws {
        let events = Recorder<BrokerEvent>()
        try await withBroker(hooks: Hooks(observe: { events.record($0) })) { _, port in
            let old = try Peer(port: port, version: .v5_0)
            try old.connect("same")
            let new = try Peer(port: port, version: .v3_1_1)
            try new.connect("same")
            let last = try old.last()
            #expect(last == .disconnect(Disconnect(reasonCode: .sessionTakenOver)))
            try new.ping()
            #expect(
                events.all.map(\.summary) == [
                    "connected same", "disconnected same: taken over by a newer connection", "connected same",
                ])
        }
    }

    @Test func oneOfManyTakeoversSurvives() async throws {
        let events = Recorder<BrokerEvent>()
        try await withBroker(hooks: Hooks(observe: { events.record($0) })) { broker, port in
            let peers = try (0..<200).map { _ in try Peer(port: port) }
            for peer in peers {
                try peer.send(.connect(Connect(clientID: try ClientID("same"))))
            }
            try eventually("one connection is left") {
                broker.snapshot.connected == 200 && broker.snapshot.connections == 1
            }
            #expect(broker.snapshot.sessions == 1 && broker.snapshot.takeovers == 199)
            #expect(broker.snapshot.clients == 1 && broker.snapshot.clientsMaximum == 1)
            // Connected and disconnected alternate: never two at once.
            let names = events.all.map { String($0.summary.prefix(4)) }
            for (index, name) in names.enumerated() { #expect(name == (index % 2 == 0 ? "conn" : "disc")) }
        }
    }

    @Test("MQTT-3.1.0-1, MQTT-3.1.0-2: CONNECT comes first and once")
    func wantsExactlyOneConnect() async throws {
        try await withBroker { _, port in
            let early = try Peer(port: port)
            try early.send(.pingreq(Pingreq()))
            #expect(try early.next() == nil)
            let twice = try Peer(port: port, version: .v5_0)
            try twice.connect("twice")
            try twice.send(.connect(Connect(version: .v5_0, clientID: try ClientID("twice"))))
            #expect(try twice.lastReason() == .protocolError)
        }
    }

    @Test func closesAConnectionThatSendsNoConnect() async throws {
        try await withBroker(limits: { $0.connectTimeout = .milliseconds(100) }) { _, port in
            let silent = try Peer(port: port)
            #expect(try silent.next() == nil)
        }
    }

    @Test("MQTT-3.2.2-7: a refusal is said in the words of the version", arguments: ConnectRefusal.allCases)
    func refuses(refusal: ConnectRefusal) async throws {
        let hooks = Hooks(authenticate: { _, _ in .refuse(refusal) })
        try await withBroker(hooks: hooks) { broker, port in
            for version in ProtocolVersion.allCases {
                let peer = try Peer(port: port, version: version)
                #expect(try peer.connectAnswer("c").reasonCode.isError)
                #expect(try peer.next() == nil)
            }
            #expect(broker.snapshot.refused == 3)
        }
    }

    @Test func asksTheHookWithWhatTheClientSaid() async throws {
        let requests = Recorder<ConnectRequest>()
        let hooks = Hooks(authenticate: { request, _ in
            requests.record(request)
            return request.password == [1, 2] ? .allow() : .refuse(.badUserNameOrPassword)
        })
        try await withBroker(hooks: hooks) { _, port in
            try Peer(port: port).connect("c", userName: "u", password: [1, 2])
            let wrong = try Peer(port: port).connectAnswer("c", userName: "u", password: [3])
            #expect(wrong.reasonCode == .badUserNameOrPassword)
            #expect(requests.all.map(\.userName) == ["u", "u"])
        }
    }

    @Test func waitsForADeferredDecision() async throws {
        let waiting = Recorder<DeferredAuthentication>()
        let hooks = Hooks(authenticate: { _, later in
            waiting.record(later)
            return nil
        })
        try await withBroker(hooks: hooks) { _, port in
            let peer = try Peer(port: port)
            try peer.send(.connect(Connect(clientID: try ClientID("c"))), .pingreq(Pingreq()))
            try eventually("the hook is asked") { !waiting.all.isEmpty }
            #expect(try peer.isSilent())
            waiting.all[0].answer(.allow())
            waiting.all[0].answer(.refuse(.banned))
            #expect(try peer.next() == .connack(Connack(reasonCode: .success)))
            #expect(try peer.next() == .pingresp(Pingresp()))
        }
    }

    @Test(
        "A client that says everything at once, goodbye included, gets its answers", arguments: ProtocolVersion.allCases
    )
    func answersBeforeItCloses(version: ProtocolVersion) async throws {
        try await withBroker { _, port in
            let peer = try Peer(port: port, version: version)
            let id = try PacketID(1)
            let head = PublishHead(
                flags: PublishFlags(qos: .atLeastOnce), topic: try TopicName("nobody"), packetID: id)
            try peer.send(
                .connect(Connect(version: version, clientID: try ClientID("c"))),
                .publish(Publish(head: head, payload: [])), .disconnect(Disconnect()))
            guard case .connack(let connack) = try peer.next(), case .puback(let puback) = try peer.next() else {
                Issue.record("no CONNACK and PUBACK")
                return
            }
            #expect(connack.reasonCode == .success && puback.packetID == id)
            #expect(try peer.next() == nil)
        }
    }

    @Test func tellsV5ClientsItsLimits() async throws {
        try await withBroker(limits: {
            $0.receiveMaximum = 7
            $0.maximumPacketSize = 1000
            $0.maximumKeepAlive = .seconds(10)
            $0.maximumSessionExpiry = .seconds(60)
        }) { _, port in
            let properties = try Peer(port: port, version: .v5_0)
                .connect("c", keepAlive: 100, properties: [.sessionExpiryInterval(.max)]).properties
            #expect(properties.receiveMaximum == 7)
            #expect(properties.maximumPacketSize == 1000)
            #expect(properties.serverKeepAlive == 10)
            #expect(properties.sessionExpiryInterval == 60)
            let old = try Peer(port: port)
            try old.connect("old", keepAlive: 100)
            try old.ping()
        }
    }

    @Test func aTakenPortIsAnErrorThatNamesIt() async throws {
        try await withBroker { _, port in
            let second = Broker(configuration: BrokerConfiguration(listeners: [.init(port: port)], loops: 1))
            let error = try #require(throws: BrokerError.self) { try second.start() }
            #expect(error.description.contains("127.0.0.1:\(port) is in use"))
        }
    }

    @Test func aStopSaysGoodbye() async throws {
        let broker = Broker(configuration: BrokerConfiguration(listeners: [.init(port: 0)], loops: 2))
        let port = try #require(try broker.start().first?.port)
        let peer = try Peer(port: port, version: .v5_0)
        try peer.connect("c")
        await broker.stop()
        #expect(try peer.lastReason() == .serverShuttingDown)
    }

    @Test func aStopInFullTrafficEndsWell() async throws {
        let events = Recorder<BrokerEvent>()
        var peers: [Peer] = []
        try await withBroker(loops: 3, hooks: Hooks(observe: { events.record($0) })) { _, port in
            for index in 0..<30 {
                let peer = try Peer(port: port, version: index % 2 == 0 ? .v5_0 : .v3_1_1)
                try peer.connect("c\(index)", cleanStart: index % 3 == 0)
                try peer.subscribe("t", "$share/g/t")
                peers.append(peer)
            }
            // Nobody reads what all of them get.
            for peer in peers {
                for _ in 0..<5 { try peer.publish("t", bytes: [UInt8](repeating: 1, count: 20_000)) }
            }
        }
        let summaries = events.all.map(\.summary)
        #expect(summaries.count { $0.hasPrefix("connected") } == 30)
        #expect(summaries.count { $0.hasPrefix("disconnected") } == 30)
        #expect(throws: (any Error).self) { try peers[0].send(bytes: [UInt8](repeating: 0xC0, count: 1 << 22)) }
    }

    @Test func itsBytesCount() async throws {
        try await withBroker { broker, port in
            let peer = try Peer(port: port)
            try peer.connect("abc")
            #expect(broker.snapshot.bytesReceived == 17 && broker.snapshot.packetsReceived == 1)
            try peer.ping()
            #expect(broker.snapshot.bytesReceived == 19)
        }
    }
}
