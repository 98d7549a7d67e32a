import Foundation
import MQTTWire
import Testing

@Suite("Client over TLS", .serialized, .timeLimit(.minutes(2)))
struct TLSClientTests {
    private let files: CertificateFolder
    private let authority: CertificateFolder.Pair

    init() async throws {
        files = try CertificateFolder()
        authority = try await files.selfSigned("ca", subject: "/CN=Test CA")
    }

    private func server(
        _ name: String = "server", subject: String = "/O=Example/CN=umd",
        names: [String] = ["DNS:localhost", "IP:127.0.0.1"], key: CertificateFolder.Key = .ec, days: Int = 30
    ) async throws -> CertificateFolder.Pair {
        try await files.issue(name, subject: subject, by: authority, names: names, key: key, days: days)
    }

    private func context(_ pair: CertificateFolder.Pair, allowsLegacy: Bool = false) throws -> TLSServerContext {
        try TLSServerContext(certificateFile: pair.certificate, keyFile: pair.key, allowsLegacy: allowsLegacy)
    }

    private func trusting(_ pair: CertificateFolder.Pair) throws -> TLSClientContext {
        try TLSClientContext(trust: .authority(file: pair.certificate))
    }

    private func configuration(
        _ server: TLSServer, _ tls: TLSClientContext, host: String = "127.0.0.1"
    ) throws -> MQTTClient.Configuration {
        try .test(server.port, "c").with {
            $0.host = host
            $0.tls = tls
        }
    }

    /// The error with which the client refuses the server, before it has sent anything.
    private func refusal(
        by tls: TLSClientContext, of context: TLSServerContext, host: String = "127.0.0.1"
    ) async throws -> TLSError? {
        let server = try await TLSServer(context)
        let client = try MQTTClient(configuration(server, tls, host: host))
        var found: TLSError?
        do {
            try await client.connect()
            Issue.record("connected")
        } catch .tls(let error) {
            found = error
        }
        // The server has seen the connection end, and no packet on it.
        try await eventually("the server sees the end") { server.value.ends.count == 1 }
        #expect(server.value.packets.isEmpty)
        await client.disconnect()
        return found
    }

    @Test(
        "A client that trusts the authority connects, by name and by address",
        arguments: ["localhost", "127.0.0.1", "::1"])
    func connects(host: String) async throws {
        let names = ["DNS:localhost", "IP:127.0.0.1", "IP:::1"]
        let server = try await TLSServer(
            await context(server(names: names)), host: host.contains(":") ? host : "127.0.0.1")
        try await MQTTClient.withConnection(configuration(server, trusting(authority), host: host)) { client in
            _ = client
        }
        try await eventually("the end is seen") { server.value.ends.count == 1 }
        #expect(server.value.packets == [.connect, .disconnect])
        #expect(server.value.handshakes == [.init(version: "TLSv1.3", isResumed: false)])
    }

    @Test(
        "A server's own self-signed certificate can be trusted as it is", arguments: [CertificateFolder.Key.ec, .rsa])
    func selfSigned(key: CertificateFolder.Key) async throws {
        let own = try await files.selfSigned("own", subject: "/CN=umd", names: ["IP:127.0.0.1"], key: key)
        let server = try await TLSServer(context(own))
        try await MQTTClient.withConnection(configuration(server, trusting(own))) { _ in }
        #expect(server.value.packets.first == .connect)
    }

    @Test("An expired certificate is refused before anything is sent")
    func expired() async throws {
        let error = try await refusal(by: trusting(authority), of: context(server(days: -1)))
        guard case .certificateExpired("O=Example, CN=umd", let time)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(Double(time) < Date().timeIntervalSince1970)
        #expect(error?.description.contains("the certificate of O=Example, CN=umd expired on 20") == true)
    }

    @Test("A certificate of another host is refused", arguments: ["localhost", "127.0.0.1"])
    func wrongName(host: String) async throws {
        let pair = try await server(names: ["DNS:umd.example", "IP:192.0.2.1"])
        let error = try await refusal(by: trusting(authority), of: context(pair), host: host)
        #expect(
            error
                == .wrongName(expected: host, subject: "O=Example, CN=umd", names: ["umd.example", "192.0.2.1"]))
        #expect(
            error?.description
                == "the certificate of O=Example, CN=umd is not for \(host) but for umd.example, 192.0.2.1")
    }

    @Test("A certificate of another authority is refused")
    func unknownAuthority() async throws {
        let other = try await files.selfSigned("other", subject: "/CN=Other CA")
        let error = try await refusal(by: trusting(other), of: context(server()))
        #expect(error == .unknownAuthority(subject: "O=Example, CN=umd", issuer: "CN=Test CA"))
        // Nor does the system's administrator trust it.
        #expect(
            try await refusal(by: TLSClientContext(trust: .system), of: context(server("third")))
                == .unknownAuthority(subject: "O=Example, CN=umd", issuer: "CN=Test CA"))
        let impostor = try await files.selfSigned("impostor", subject: "/CN=Test CA")
        #expect(try await refusal(by: trusting(impostor), of: context(server("second"))) != nil)
    }

    @Test("A self-signed certificate that is not trusted is refused, unless nothing is checked")
    func insecure() async throws {
        let own = try await files.selfSigned("own", subject: "/CN=umd", days: 1)
        #expect(try await refusal(by: trusting(authority), of: context(own)) == .selfSigned(subject: "CN=umd"))
        let server = try await TLSServer(context(own))
        try await MQTTClient.withConnection(configuration(server, TLSClientContext(trust: .nothing))) { _ in }
        #expect(server.value.packets.first == .connect)
    }

    @Test("Weak certificates are refused, unless the client allows them")
    func weak() async throws {
        let weak = try await server("weak", key: .weak)
        let error = try await refusal(by: trusting(authority), of: context(weak, allowsLegacy: true))
        #expect(error == .weakKey(subject: "O=Example, CN=umd", algorithm: "RSA", bits: 1024, minimum: 2048, file: nil))
        let old = try await files.issue(
            "old", subject: "/CN=umd", by: authority, names: ["IP:127.0.0.1"], key: .rsa, digest: "sha1")
        let second = try await refusal(by: trusting(authority), of: context(old, allowsLegacy: true))
        guard case .weakSignature("CN=umd", _, nil)? = second else {
            Issue.record("\(String(describing: second))")
            return
        }
        let lenient = try TLSClientContext(trust: .authority(file: authority.certificate), allowsLegacy: true)
        for pair in [weak, old] {
            let server = try await TLSServer(context(pair, allowsLegacy: true))
            try await MQTTClient.withConnection(configuration(server, lenient)) { _ in }
            #expect(server.value.packets.first == .connect)
        }
    }

    @Test(
        "Where a certificate has no alternative names, its common name counts", arguments: ["localhost", "127.0.0.1"])
    func commonName(host: String) async throws {
        let pair = try await server(subject: "/CN=\(host)", names: [])
        let server = try await TLSServer(context(pair))
        try await MQTTClient.withConnection(configuration(server, trusting(authority), host: host)) { _ in }
        let wrong = try await self.server("wrong", subject: "/CN=\(host)", names: ["DNS:elsewhere"])
        #expect(
            try await refusal(by: trusting(authority), of: context(wrong), host: host)
                == .wrongName(expected: host, subject: "CN=\(host)", names: ["elsewhere"]))
    }

    @Test("A chain with an intermediate authority is followed to the trusted one, and only if it is complete")
    func chain() async throws {
        let middle = try await files.issue("middle", subject: "/CN=Middle", by: authority, isAuthority: true)
        let leaf = try await files.issue("leaf", subject: "/CN=umd", by: middle, names: ["IP:127.0.0.1"])
        let chain = try files.join([leaf.certificate, middle.certificate], as: "chain.pem")
        let server = try await TLSServer(context(.init(certificate: chain, key: leaf.key)))
        try await MQTTClient.withConnection(configuration(server, trusting(authority))) { _ in }
        // The intermediate alone is as good a thing to trust.
        try await MQTTClient.withConnection(configuration(server, trusting(middle))) { _ in }
        #expect(server.value.packets.count { $0 == .connect } == 2)
        #expect(
            try await refusal(by: trusting(authority), of: context(leaf))
                == .unknownAuthority(subject: "CN=umd", issuer: "CN=Middle"))
    }

    @Test("A client that comes back resumes its session")
    func resumption() async throws {
        let server = try await TLSServer(context(server()))
        let client = try await MQTTClient.connected(configuration(server, trusting(authority)))
        // Something came from the server, and before it the ticket.
        _ = try await client.publish(MQTTPublication(topic: TopicName("t"), payload: []))
        for count in 2...4 {
            await server.cut()
            try await eventually("connection \(count) stands") { server.value.handshakes.count == count }
        }
        #expect(server.value.handshakes.map(\.isResumed) == [false, true, true, true])
        await client.disconnect()
    }

    @Test("A server that shows a bad certificate later is refused then, too, until it has a good one")
    func refusalOnReconnect() async throws {
        let good = try await context(server())
        let server = try await TLSServer(good)
        let client = try await MQTTClient.connected(configuration(server, trusting(authority)))
        let bad = [
            try await context(self.server("expired", days: -1)),
            try await context(self.server("misnamed", names: ["DNS:elsewhere"])),
            try await context(files.selfSigned("foreign", subject: "/CN=umd", names: ["IP:127.0.0.1"])),
        ]
        for context in bad {
            server.use(context)
            let (accepted, packets) = (server.value.accepted, server.value.packets.count)
            await server.cut()
            try await client.reaches("refusing") {
                if case .waiting(.tls, _) = $0 { true } else { false }
            }
            try await eventually("it tries again") { server.value.accepted >= accepted + 3 }
            #expect(server.value.packets.count == packets)
            server.use(good)
            try await client.isConnectedAgain()
        }
        await client.disconnect()
    }

    @Test("A session is not gone on with once the certificate has expired on which it rests", arguments: [false, true])
    func sessionOutlivesCertificate(isRenewed: Bool) async throws {
        let end = Date().addingTimeInterval(5)
        let brief = try await files.issue("brief", subject: "/CN=umd", by: authority, names: ["IP:127.0.0.1"], end: end)
        let server = try await TLSServer(context(brief))
        let configuration = try configuration(server, trusting(authority))
        let client: MQTTClient
        do {
            client = try await MQTTClient.connected(configuration)
        } catch {
            // On a machine that took longer than that to come here, there is nothing to be seen.
            return
        }
        try await Task.sleep(for: .seconds(max(0, end.timeIntervalSinceNow) + 1.1))
        let packets = server.value.packets.count
        if isRenewed { try server.use(await context(self.server("renewed"))) }
        await server.cut()
        if isRenewed {
            try await eventually("it connects anew") { server.value.handshakes.count == 2 }
            #expect(server.value.handshakes.last?.isResumed == false)
        } else {
            let state = try await client.reaches("refusing") {
                if case .waiting(.tls, _) = $0 { true } else { false }
            }
            guard case .waiting(.tls(.certificateExpired("CN=umd", _)), _) = state else {
                Issue.record("\(state)")
                return
            }
            #expect(server.value.packets.count == packets)
        }
        await client.disconnect()
    }

    @Test("A client shows its certificate to a server that asks, also when it resumes")
    func clientCertificate() async throws {
        let pair = try await server()
        let context = try TLSServerContext(
            certificateFile: pair.certificate, keyFile: pair.key, clientAuthorityFile: authority.certificate)
        let server = try await TLSServer(context)
        let gateway = try await files.issue(
            "gateway", subject: "/O=Example/CN=gw-1", by: authority, names: ["DNS:gw-1.example", "URI:urn:gw:1"])
        let tls = try TLSClientContext(
            trust: .authority(file: authority.certificate), certificateFile: gateway.certificate, keyFile: gateway.key)
        let client = try await MQTTClient.connected(configuration(server, tls))
        _ = try await client.publish(MQTTPublication(topic: TopicName("t"), payload: []))
        await server.cut()
        try await eventually("it is back") { server.value.handshakes.count == 2 }
        #expect(server.value.handshakes.map(\.isResumed) == [false, true])
        let expected = PeerCertificate(
            subject: "O=Example, CN=gw-1", commonName: "gw-1", alternativeNames: ["gw-1.example", "urn:gw:1"])
        #expect(server.value.peers == [expected, expected])
        await client.disconnect()
        // A client without a certificate is let in, as nobody.
        try await MQTTClient.withConnection(configuration(server, trusting(authority))) { _ in }
        #expect(server.value.peers.count == 3)
        #expect(server.value.peers.last == .some(nil))
    }

    @Test("A client whose certificate the server does not accept learns why", arguments: [true, false])
    func refusedClientCertificate(isExpired: Bool) async throws {
        let pair = try await server()
        let server = try await TLSServer(
            TLSServerContext(
                certificateFile: pair.certificate, keyFile: pair.key, clientAuthorityFile: authority.certificate))
        let other = try await files.selfSigned("other", subject: "/CN=Other CA")
        let gateway = try await files.issue(
            "gateway", subject: "/CN=gw-1", by: isExpired ? authority : other, days: isExpired ? -1 : 30)
        let tls = try TLSClientContext(
            trust: .authority(file: authority.certificate), certificateFile: gateway.certificate, keyFile: gateway.key)
        let client = try MQTTClient(configuration(server, tls))
        await #expect(
            throws: MQTTClientError.tls(.refusedByPeer(alert: isExpired ? "certificate expired" : "unknown CA"))
        ) {
            try await client.connect()
        }
        try await eventually("the server has refused") { server.value.ends.count == 1 }
        guard case .tls(let error)? = server.value.ends.first else {
            Issue.record("\(server.value.ends)")
            return
        }
        #expect(error.description.contains("CN=gw-1"))
        #expect(server.value.packets.isEmpty)
        await client.disconnect()
    }

    @Test("A server that speaks no TLS, or hangs up, is told apart")
    func noTLS() async throws {
        let tls = try trusting(authority)
        let rude = try ScriptedServer { _ = try $0.receive() }
        let client = try MQTTClient(.test(rude.port, "c").with { $0.tls = tls })
        await #expect(throws: MQTTClientError.tls(.closedDuringHandshake)) { try await client.connect() }
        let plain = try ScriptedServer { socket in
            _ = try socket.receive()
            try socket.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        }
        let second = try MQTTClient(.test(plain.port, "c").with { $0.tls = tls })
        do {
            try await second.connect()
            Issue.record("connected")
        } catch .tls(.failed(let reason)) {
            #expect(reason == "the peer does not speak TLS (wrong version number)")
        }
    }

    @Test("The text of a configuration does not give keys away")
    func debugText() async throws {
        let pair = try await server()
        let tls = try TLSClientContext(
            trust: .authority(file: authority.certificate), certificateFile: pair.certificate, keyFile: pair.key)
        let key = try String(contentsOfFile: pair.key, encoding: .utf8)
        for text in [String(reflecting: tls), String(describing: try context(pair))] {
            #expect(text.contains("TLS"))
            for line in key.split(separator: "\n") { #expect(!text.contains(line)) }
        }
    }
}
