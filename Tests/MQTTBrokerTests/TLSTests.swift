import MQTTBroker
import MQTTWire
import Testing

/// Listeners with TLS.
@Suite(.serialized, .enabled(if: Program.isInstalled("openssl"), "openssl is not installed"))
struct TLSTests {
    private let certificates: Certificates

    init() throws { certificates = try Certificates.shared.get() }

    private func client(
        _ clientID: String, _ port: UInt16, version: ProtocolVersion = .v5_0, _ pair: Certificates.Pair? = nil
    ) throws -> MQTTClient.Configuration {
        var configuration = MQTTClient.Configuration(
            host: "127.0.0.1", port: port, clientID: try ClientID(clientID), version: version)
        configuration.tls = try certificates.clientContext(pair)
        configuration.reconnect = .never
        return configuration
    }

    // MARK: Other people's programs

    @Test(
        .enabled(if: Program.isInstalled("mosquitto_sub"), "mosquitto-clients are not installed"),
        arguments: ["mqttv311", "mqttv5"], ["tlsv1.2", "tlsv1.3"])
    func servesMosquittosClients(mqtt: String, tls: String) async throws {
        try await withBroker(tls: try certificates.serverContext()) { broker, plain, port in
            let common = ["-h", "localhost", "--cafile", certificates.authority.certificate, "--tls-version", tls]
            let subscriber = try Program(
                "mosquitto_sub",
                common + ["-p", "\(port)", "-V", mqtt, "-q", "1", "-t", "a/#", "-C", "2", "-F", "%t %p", "-W", "20"])
            try eventually("it subscribes") { broker.snapshot.subscriptions == 1 }
            let publisher = try Program(
                "mosquitto_pub", common + ["-p", "\(port)", "-V", mqtt, "-q", "2", "-t", "a/1", "-m", "over TLS"])
            #expect(try publisher.finish().status == 0)
            let plainly = try Program(
                "mosquitto_pub", ["-p", "\(plain)", "-q", "1", "-t", "a/2", "-m", "in the clear"])
            #expect(try plainly.finish().status == 0)
            #expect(try subscriber.finish().output == "a/1 over TLS\na/2 in the clear\n")
        }
    }

    @Test(
        .enabled(if: Program.isInstalled("mosquitto_sub"), "mosquitto-clients are not installed"))
    func keepsMosquittosSession() async throws {
        try await withBroker(tls: try certificates.serverContext()) { broker, plain, port in
            let subscribe = [
                "-h", "localhost", "-p", "\(port)", "--cafile", certificates.authority.certificate, "-i", "s", "-c",
                "-q", "1", "-t", "t",
            ]
            #expect(try Program("mosquitto_sub", subscribe + ["-E"]).finish().status == 0)
            try eventually("it left") { broker.snapshot.connections == 0 && broker.snapshot.sessions == 1 }
            #expect(
                try Program("mosquitto_pub", ["-p", "\(plain)", "-q", "1", "-t", "t", "-m", "kept"]).finish().status
                    == 0)
            let back = try Program("mosquitto_sub", subscribe + ["-C", "1", "-W", "20"]).finish()
            #expect(back.output == "kept\n")
        }
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func servesOpenSSLsClient(version: String) async throws {
        try await withBroker(tls: try certificates.serverContext()) { _, _, port in
            let arguments = [
                "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", certificates.authority.certificate,
                "-verify_return_error", "-verify_ip", "127.0.0.1", version,
            ]
            let (status, output) = try Program("openssl", arguments).finish()
            #expect(status == 0)
            #expect(output.contains("Verify return code: 0 (ok)"))
            // CONNECT and DISCONNECT in, CONNACK out.
            var bytes: [UInt8] = []
            let context = PacketContext(version: .v3_1_1, direction: .toServer)
            for packet in [Packet.connect(Connect(clientID: try ClientID("s_client"))), .disconnect(Disconnect())] {
                try packet.encode(in: context, into: &bytes)
            }
            let answer = try Program(
                "openssl", arguments + ["-quiet", "-ign_eof"], input: try certificates.file(bytes)
            ).finish().output
            #expect(Array(answer.utf8) == [0x20, 2, 0, 0])
        }
    }

    // MARK: Our own client

    @Test(arguments: [ProtocolVersion.v3_1_1, .v5_0])
    func aSessionIsResumedOverTLS(version: ProtocolVersion) async throws {
        try await withBroker(tls: try certificates.serverContext()) { _, plain, port in
            var configuration = try client("gw1", port, version: version)
            configuration.cleanStart = false
            configuration.sessionExpiry = 1000
            try await MQTTClient.withConnection(configuration) { client in
                _ = try await client.subscribe(to: try TopicFilter("t"))
            }
            let publisher = try Peer(port: plain)
            try publisher.connect("p")
            try publisher.publishAcknowledged("t", "kept")
            let back = try MQTTClient(configuration)
            #expect(try await back.connect().sessionPresent)
            let messages = back.messages.makeAsyncIterator()
            #expect(await messages.next()?.payload.array == Array("kept".utf8))
            await back.disconnect()
        }
    }

    @Test func aLargePayloadFansOut() async throws {
        try await withBroker(tls: try certificates.serverContext()) { broker, plain, port in
            let payload = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let received = Recorder<Bool>()
            var clients: [MQTTClient] = []
            for index in 0..<20 {
                let version: ProtocolVersion = index % 2 == 0 ? .v5_0 : .v3_1_1
                let client = try MQTTClient(try client("s\(index)", port, version: version)) { message in
                    received.record(message.payload.array == payload)
                }
                try await client.connect()
                try await client.subscribe(to: try TopicFilter("t"))
                clients.append(client)
            }
            let publisher = try Peer(port: plain)
            try publisher.connect("p")
            for _ in 0..<3 {
                try publisher.publish("t", bytes: payload, qos: .atLeastOnce)
                _ = try publisher.nextPuback()
            }
            try eventually("all have it all") { received.all.count == 60 }
            #expect(!received.all.contains(false))
            for client in clients { await client.disconnect() }
        }
    }

    @Test("The hook is told of the client's certificate and of the encryption")
    func theHookSeesTheCertificate() async throws {
        let requests = Recorder<ConnectRequest>()
        let hooks = Hooks(authenticate: { request, _ in
            requests.record(request)
            return .allow(as: ClientIdentity(rawValue: request.peerCertificate?.commonName ?? ""))
        })
        let context = try certificates.serverContext(asksForCertificates: true)
        try await withBroker(tls: context, hooks: hooks) { broker, plain, port in
            for version in [ProtocolVersion.v3_1_1, .v5_0] {
                try await MQTTClient.withConnection(
                    try client("gw1", port, version: version, certificates.client)
                ) { _ in }
            }
            try await MQTTClient.withConnection(try client("gw2", port)) { _ in }
            try Peer(port: plain).connect("gw3")
            let seen = requests.all.map(\.peerCertificate)
            #expect(seen.map { $0?.commonName } == ["gw1", "gw1", nil, nil])
            #expect(seen[0]?.alternativeNames == ["gw1.example"])
            #expect(requests.all.map(\.isEncrypted) == [true, true, true, false])
            // One that nobody vouches for fails the handshake.
            let impostor = try MQTTClient(try client("gw1", port, certificates.impostor))
            await #expect(throws: MQTTClientError.self) { try await impostor.connect() }
            try eventually("the failure is counted") { broker.snapshot.tlsFailures == 1 }
            #expect(requests.all.count == 4)
        }
    }

    @Test("Another certificate is for new connections; the old ones go on")
    func theContextIsReplaced() async throws {
        try await withBroker(tls: try certificates.serverContext()) { broker, plain, port in
            func subject() throws -> String {
                let arguments = ["s_client", "-connect", "127.0.0.1:\(port)"]
                let output = try Program("openssl", arguments).finish().output
                return String(output.split(separator: "\n").first { $0.hasPrefix("subject=") } ?? "")
            }
            #expect(try subject() == "subject=CN = server")
            let old = try MQTTClient(try client("old", port))
            try await old.connect()
            try await old.subscribe(to: try TopicFilter("t"))
            broker.useForNewConnections(try certificates.serverContext(certificates.otherServer))
            #expect(try subject() == "subject=CN = other server")
            try await MQTTClient.withConnection(try client("new", port)) { client in
                try await client.publish(
                    MQTTPublication(topic: try TopicName("t"), payload: [1], qos: .atLeastOnce))
            }
            let messages = old.messages.makeAsyncIterator()
            #expect(await messages.next()?.payload.array == [1])
            await old.disconnect()
            // Plain listeners stay plain.
            try Peer(port: plain).connect("plain")
        }
    }

    // MARK: Handshakes that do not get on

    @Test("A handshake that stalls is ended like a CONNECT that does not come")
    func stalledHandshakesAreReaped() async throws {
        try await withBroker(
            tls: try certificates.serverContext(), limits: { $0.connectTimeout = .milliseconds(500) }
        ) { broker, plain, port in
            let (silent, half) = (try Peer(port: port), try Peer(port: port))
            // The beginning of a ClientHello of 512 bytes.
            try half.send(bytes: [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3])
            let other = try Peer(port: plain)
            try other.connect("other")
            for peer in [silent, half] { #expect(try peer.next() == nil) }
            try eventually("they are gone") { broker.snapshot.connections == 1 }
            #expect(broker.snapshot.connectTimeouts == 2)
            try other.ping()
        }
    }

    @Test func plainMQTTOnATLSPortIsAFailure() async throws {
        try await withBroker(tls: try certificates.serverContext()) { broker, _, port in
            let peer = try Peer(port: port)
            try peer.send(.connect(Connect(clientID: try ClientID("c"))))
            try eventually("the failure is counted") { broker.snapshot.tlsFailures == 1 }
            try eventually("it is gone") { broker.snapshot.connections == 0 }
        }
    }

    @Test("Stalled handshakes of one address hold up its own, and nobody else")
    func stalledHandshakesAreBounded() async throws {
        try await withBroker(
            tls: try certificates.serverContext(), limits: { $0.unauthenticatedPerAddress = 3 }
        ) { broker, plain, port in
            let stalled = try (0..<3).map { _ in try Peer(port: port, from: 2) }
            try eventually("they are there") { broker.snapshot.unauthenticated == 3 }
            try await MQTTClient.withConnection(try client("c", port)) { _ in }
            let waiting = try Peer(port: plain, from: 2)
            try waiting.send(.connect(Connect(clientID: try ClientID("waiting"))))
            #expect(try waiting.isSilent())
            stalled[0].drop()
            #expect(try waiting.next() == .connack(Connack(reasonCode: .success)))
        }
    }

    @Test("A storm of handshakes leaves a plain client its share, and all get in", arguments: [10, 200])
    func aStormStarvesNobody(perAddress: Int) async throws {
        try await withBroker(
            tls: try certificates.serverContext(), loops: 1, limits: { $0.unauthenticatedPerAddress = perAddress }
        ) { broker, plain, port in
            let peer = try Peer(port: plain)
            try peer.connect("plain")
            let loop = try EventLoop()
            let clients = try (0..<150).map { try MQTTClient(try client("c\($0)", port), loop: loop) { _ in } }
            for client in clients { client.start() }
            // As long as the storm lasts, each PINGREQ has its answer.
            var answers = 0
            try eventually("all are in") {
                try peer.ping()
                answers += 1
                return broker.snapshot.connected == 151
            }
            #expect(answers > 3)
            for client in clients { await client.disconnect() }
            loop.stop()
            loop.join()
        }
    }
}
