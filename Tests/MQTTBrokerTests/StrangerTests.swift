import MQTTBroker
import MQTTWire
import Testing

/// Connections without a granted CONNECT: how many there may be, and for how long.
struct StrangerTests {
    private static let deny = Hooks(authenticate: { _, _ in .refuse(.notAuthorized) })

    /// The first half of a CONNECT and the second.
    private func halves(_ clientID: String) throws -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
        var bytes: [UInt8] = []
        try Packet.connect(Connect(clientID: try ClientID(clientID))).encode(
            in: PacketContext(version: .v3_1_1, direction: .toServer), into: &bytes)
        return (bytes[..<6], bytes[6...])
    }

    // MARK: How many

    @Test("More than the limit of one address are accepted, and read one after the other as others are done")
    func waitsForOthersOfTheAddress() async throws {
        try await withBroker(limits: { $0.unauthenticatedPerAddress = 2 }) { broker, port in
            let silent = try (0..<2).map { _ in try Peer(port: port) }
            let waiting = try (0..<3).map { index in
                let peer = try Peer(port: port)
                try peer.send(.connect(Connect(clientID: try ClientID("w\(index)"))))
                return peer
            }
            try eventually("three wait") { broker.snapshot.waitingForConnect == 3 }
            for peer in waiting { #expect(try peer.isSilent(for: 50)) }
            // Nobody else has to wait for them.
            let elsewhere = try Peer(port: port, from: 2)
            try elsewhere.connect("elsewhere")
            #expect(broker.snapshot.unauthenticated == 5)
            // One place is enough: whoever is granted makes room for the next.
            silent[0].drop()
            for peer in waiting { #expect(try peer.next() == .connack(Connack(reasonCode: .success))) }
            try eventually("one stranger is left") {
                broker.snapshot.unauthenticated == 1 && broker.snapshot.waitingForConnect == 0
            }
            silent[1].drop()
        }
    }

    @Test func whoCameFirstIsReadFirst() async throws {
        let order = Recorder<String>()
        let hooks = Hooks(observe: { event in
            if case .connected(let client, sessionPresent: _) = event { order.record(client.clientID.text) }
        })
        try await withBroker(loops: 1, hooks: hooks, limits: { $0.unauthenticatedPerAddress = 1 }) { broker, port in
            let silent = try Peer(port: port)
            var waiting: [Peer] = []
            for index in 0..<5 {
                try eventually("those before are there") { broker.snapshot.accepted == index + 1 }
                waiting.append(try Peer(port: port))
            }
            // What came in another order than the connections changes nothing.
            for (index, peer) in waiting.enumerated().reversed() {
                try peer.send(.connect(Connect(clientID: try ClientID("w\(index)"))))
            }
            try eventually("five wait") { broker.snapshot.waitingForConnect == 5 }
            // The second gives up.
            waiting[1].drop()
            silent.drop()
            for index in [0, 2, 3, 4] {
                #expect(try waiting[index].next() == .connack(Connack(reasonCode: .success)))
            }
            #expect(order.all.filter { $0 != "w1" } == ["w0", "w2", "w3", "w4"])
        }
    }

    @Test func whoIsGrantedIsNotCounted() async throws {
        try await withBroker(limits: {
            $0.unauthenticatedPerAddress = 1
            $0.unauthenticated = 2
        }) { broker, port in
            var peers: [Peer] = []
            for index in 0..<30 {
                let peer = try Peer(port: port)
                try peer.connect("c\(index)")
                peers.append(peer)
            }
            for peer in peers { try peer.ping() }
            #expect(broker.snapshot.unauthenticated == 0 && broker.snapshot.connections == 30)
        }
    }

    @Test("A refused connection counts until it is closed")
    func whoIsRefusedIsCounted() async throws {
        try await withBroker(hooks: Self.deny, limits: { $0.unauthenticatedPerAddress = 1 }) { broker, port in
            let refused = try Peer(port: port)
            #expect(try refused.connectAnswer("c").reasonCode == .notAuthorized)
            #expect(broker.snapshot.unauthenticated == 1)
            refused.drop()
            try eventually("it is gone") { broker.snapshot.unauthenticated == 0 }
        }
    }

    @Test func theDecisionIsPartOfTheTime() async throws {
        let waiting = Recorder<DeferredAuthentication>()
        let asked = Recorder<String>()
        let hooks = Hooks(authenticate: { request, later in
            waiting.record(later)
            asked.record(request.clientID.text)
            return nil
        })
        try await withBroker(
            hooks: hooks,
            limits: {
                $0.unauthenticatedPerAddress = 1
                $0.connectTimeout = .seconds(5)
            }
        ) { broker, port in
            let (first, second) = (try Peer(port: port), try Peer(port: port))
            try first.send(.connect(Connect(clientID: try ClientID("first"))))
            try second.send(.connect(Connect(clientID: try ClientID("second"))))
            try eventually("one is asked about, one waits") {
                waiting.all.count == 1 && broker.snapshot.waitingForConnect == 1
            }
            #expect(try second.isSilent())
            // The connection ends while its decision is under way.
            first.drop()
            second.drop()
            try eventually("both are gone") { broker.snapshot.connections == 0 }
            for decision in waiting.all { decision.answer(.allow()) }
            let third = try Peer(port: port)
            try third.send(.connect(Connect(clientID: try ClientID("third"))))
            // The second may have been asked about before it was found to be gone.
            try eventually("it is asked about") { asked.all.contains("third") }
            for decision in waiting.all { decision.answer(.allow()) }
            #expect(try third.next() == .connack(Connack(reasonCode: .success)))
        }
    }

    @Test("At the limit of all together nothing is accepted until one of them is gone")
    func acceptingPauses() async throws {
        try await withBroker(limits: {
            $0.unauthenticated = 3
            $0.unauthenticatedPerAddress = 2
        }) { broker, port in
            let granted = try Peer(port: port)
            try granted.connect("granted")
            let silent = try (0..<3).map { _ in try Peer(port: port) }
            try eventually("they are accepted") { broker.snapshot.accepted == 4 }
            let later = try (0..<4).map { index in
                let peer = try Peer(port: port, from: 2)
                try peer.send(.connect(Connect(clientID: try ClientID("l\(index)"))))
                return peer
            }
            #expect(try later[0].isSilent())
            #expect(broker.snapshot.accepted == 4 && broker.snapshot.acceptPauses >= 1)
            try granted.ping()
            silent[0].drop()
            for peer in later { #expect(try peer.next() == .connack(Connack(reasonCode: .success))) }
            try granted.ping()
            for peer in silent { peer.drop() }
        }
    }

    @Test func aStopFindsThoseWhoWait() async throws {
        var peers: [Peer] = []
        try await withBroker(
            loops: 3,
            limits: {
                $0.unauthenticated = 20
                $0.unauthenticatedPerAddress = 5
            }
        ) { broker, port in
            for _ in 0..<40 { peers.append(try Peer(port: port)) }
            try eventually("it is full") { broker.snapshot.accepted == 20 }
        }
        for peer in peers {
            #expect(throws: (any Error).self) { try peer.send(bytes: [UInt8](repeating: 0, count: 1 << 22)) }
        }
    }

    // MARK: For how long

    @Test("Silence, half a CONNECT and a byte now and then end alike")
    func closesWhoIsNotDoneInTime() async throws {
        try await withBroker(limits: { $0.connectTimeout = .milliseconds(500) }) { broker, port in
            let (silent, half, dripping) = (try Peer(port: port), try Peer(port: port), try Peer(port: port))
            let bytes = try halves("c")
            try half.send(bytes: Array(bytes.0))
            let worker = try Worker {
                // Longer than the broker lets it: sending fails, or is in vain.
                for byte in bytes.0 + [UInt8](repeating: 0, count: 200) {
                    guard (try? dripping.send(bytes: [byte])) != nil else { return }
                    pause(milliseconds: 50)
                }
            }
            for peer in [silent, half] { #expect(try peer.next() == nil) }
            try eventually("all three are closed") { broker.snapshot.connections == 0 }
            #expect(broker.snapshot.connectTimeouts == 3)
            try worker.finish()
        }
    }

    @Test("Who waits in vain is closed when the time is up")
    func closesWhoWaitsInVain() async throws {
        try await withBroker(limits: {
            $0.connectTimeout = .milliseconds(500)
            $0.unauthenticatedPerAddress = 1
        }) { broker, port in
            let peers = try (0..<5).map { _ in try Peer(port: port) }
            for peer in peers { #expect(try peer.next() == nil) }
            try eventually("nobody is left") {
                broker.snapshot.unauthenticated == 0 && broker.snapshot.waitingForConnect == 0
            }
            try Peer(port: port).connect("c")
        }
    }

    @Test("Who waited gets the time anew if its bytes are there, and not if it has said nothing")
    func waitingIsNotHeldAgainstWhoIsReady() async throws {
        try await withBroker(limits: {
            $0.connectTimeout = .seconds(3)
            $0.unauthenticatedPerAddress = 2
        }) { broker, port in
            let first = try (0..<2).map { _ in try Peer(port: port) }
            try eventually("they are there") { broker.snapshot.unauthenticated == 2 }
            let (ready, idle) = (try Peer(port: port), try Peer(port: port))
            let bytes = try halves("ready")
            try ready.send(bytes: Array(bytes.0))
            try eventually("two wait") { broker.snapshot.waitingForConnect == 2 }
            // Accepted after those two, and never made to wait.
            let reference = try Peer(port: port, from: 2)
            try reference.send(bytes: Array(bytes.0))
            pause(milliseconds: 1500)
            for peer in first { peer.drop() }
            #expect(try reference.next() == nil)
            #expect(try idle.next() == nil)
            try ready.send(bytes: Array(bytes.1))
            #expect(try ready.next() == .connack(Connack(reasonCode: .success)))
        }
    }

    @Test("A deferred decision that does not come in time is none")
    func aDecisionThatDoesNotCome() async throws {
        let hooks = Hooks(authenticate: { _, _ in nil })
        try await withBroker(hooks: hooks, limits: { $0.connectTimeout = .milliseconds(300) }) { broker, port in
            let peer = try Peer(port: port)
            #expect(try peer.connectAnswer("c").reasonCode == .serverUnavailable)
            #expect(broker.snapshot.connectTimeouts == 1)
        }
    }

    // MARK: What

    @Test("A CONNECT that is too large is refused by the length that it announces")
    func aLargeConnect() async throws {
        try await withBroker { broker, port in
            let peer = try Peer(port: port)
            // 256 KiB and a byte, of which nothing comes.
            try peer.send(bytes: [0x10, 0xFD, 0xFF, 0x0F])
            #expect(try peer.next() == nil)
            #expect(broker.snapshot.protocolErrors == 1)
            let largest = try Peer(port: port)
            try largest.send(bytes: [0x10, 0xFC, 0xFF, 0x0F])
            #expect(try largest.isSilent())
        }
    }

    @Test("The longest credentials that MQTT allows reach the hook", arguments: [ProtocolVersion.v3_1_1, .v5_0])
    func longCredentials(version: ProtocolVersion) async throws {
        let hooks = Hooks(authenticate: { request, _ in
            let isWhole = request.userName?.utf8.count == 65_535 && request.password?.count == 65_535
            return .refuse(isWhole ? .badUserNameOrPassword : .serverBusy)
        })
        try await withBroker(hooks: hooks) { _, port in
            let answer = try Peer(port: port, version: version).connectAnswer(
                "c", userName: String(repeating: "u", count: 65_535), password: [UInt8](repeating: 7, count: 65_535))
            #expect(answer.reasonCode == .badUserNameOrPassword)
        }
    }

    @Test("Half of the credentials is for the hook to judge", arguments: [ProtocolVersion.v3_1_1, .v5_0])
    func halfOfTheCredentials(version: ProtocolVersion) async throws {
        let hooks = Hooks(authenticate: { request, _ in
            .refuse(request.userName == nil || request.password == nil ? .badUserNameOrPassword : .serverBusy)
        })
        try await withBroker(hooks: hooks) { broker, port in
            let noPassword = try Peer(port: port, version: version)
            #expect(try noPassword.connectAnswer("c", userName: "u").reasonCode == .badUserNameOrPassword)
            let noUserName = try Peer(port: port, version: version)
            if version == .v5_0 {
                #expect(try noUserName.connectAnswer("c", password: [1]).reasonCode == .badUserNameOrPassword)
            } else {
                // MQTT 3.1.1 does not allow it [MQTT3-3.1.2-22]: the connection is closed.
                try noUserName.send(
                    bytes: [0x10, 0x10, 0, 4] + Array("MQTT".utf8) + [4, 0x42, 0, 0, 0, 1] + Array("c".utf8) + [
                        0, 1, 1,
                    ])
                #expect(try noUserName.next() == nil)
                #expect(broker.snapshot.protocolErrors == 1)
            }
            #expect(try Peer(port: port).connectAnswer("c", userName: "u", password: [1]).reasonCode.isError)
        }
    }

    @Test func theHookIsToldTheAddressAlone() async throws {
        let requests = Recorder<ConnectRequest>()
        let hooks = Hooks(authenticate: { request, _ in
            requests.record(request)
            return .allow()
        })
        try await withBroker(hooks: hooks) { _, port in
            try Peer(port: port, from: 3).connect("c")
            #expect(requests.all.map(\.remoteHost) == ["127.0.0.3"])
            #expect(requests.all.allSatisfy { $0.remoteAddress.hasPrefix("127.0.0.3:") })
        }
    }
}
