import CPosix
import Foundation
import Testing

@testable import MQTTWire

/// The `openssl` command line as the other side.
@Suite("TLS with other programs", .serialized, .timeLimit(.minutes(2)))
struct TLSToolTests {
    private let files: CertificateFolder
    private let authority: CertificateFolder.Pair
    private let own: CertificateFolder.Pair

    init() async throws {
        files = try CertificateFolder()
        authority = try await files.selfSigned("ca", subject: "/CN=Test CA", key: .rsa)
        own = try await files.issue(
            "own", subject: "/CN=umd", by: authority, names: ["DNS:localhost", "IP:127.0.0.1"], key: .rsa)
    }

    /// Runs `openssl s_client`, which sends the input and ends once the server has closed.
    private func client(_ port: UInt16, _ options: [String], input: [UInt8]) throws -> OpenSSLTool {
        let tool = try OpenSSLTool(
            ["s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", authority.certificate, "-verify_return_error"]
                + ["-verify_ip", "127.0.0.1"] + options)
        try tool.send(input)
        return tool
    }

    private static func connect(_ id: String) throws -> [UInt8] {
        let context = PacketContext(version: .v5_0, direction: .toServer)
        return try Connect(clientID: ClientID(id)).encoded(in: context) + Disconnect().encoded(in: context)
    }

    @Test("openssl s_client connects with the versions that are allowed", arguments: ["tls1_2", "tls1_3"])
    func sClient(version: String) async throws {
        let server = try await TLSServer(TLSServerContext(certificateFile: own.certificate, keyFile: own.key))
        let client = try client(server.port, ["-\(version)", "-ign_eof"], input: Self.connect("c"))
        try await eventually("its packets come") { server.value.packets == [.connect, .disconnect] }
        await server.cut()
        #expect(try await client.status() == 0)
        #expect(client.text.contains("Verify return code: 0 (ok)"))
        #expect(!client.text.contains("unexpected eof"))
        #expect(
            server.value.handshakes == [.init(version: version == "tls1_2" ? "TLSv1.2" : "TLSv1.3", isResumed: false)])
    }

    @Test("Older versions of TLS are refused, also where weak keys are not", arguments: [false, true])
    func oldVersions(allowsLegacy: Bool) async throws {
        let server = try await TLSServer(
            TLSServerContext(certificateFile: own.certificate, keyFile: own.key, allowsLegacy: allowsLegacy))
        let client = try client(server.port, ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], input: [])
        #expect(try await client.status() != 0)
        #expect(client.text.contains("alert protocol version"))
        try await eventually("the end is noted") { server.value.ends.count == 1 }
        guard case .tls(.failed("unsupported protocol"))? = server.value.ends.first else {
            Issue.record("\(server.value.ends)")
            return
        }
        #expect(server.value.packets.isEmpty)
    }

    @Test("openssl s_client resumes a session", arguments: ["tls1_2", "tls1_3"])
    func sClientResumes(version: String) async throws {
        let server = try await TLSServer(TLSServerContext(certificateFile: own.certificate, keyFile: own.key))
        let session = files.path("session")
        for options in [["-sess_out", session], ["-sess_in", session]] {
            let count = server.value.handshakes.count + 1
            let client = try client(server.port, ["-\(version)", "-ign_eof"] + options, input: Self.connect("c"))
            try await eventually("its packets come") { server.value.packets.count == count * 2 }
            await server.cut()
            _ = try await client.status()
        }
        #expect(server.value.handshakes.map(\.isResumed) == [false, true])
    }

    @Test(
        "A peer that wants new keys in the middle is refused in 1.2 and served in 1.3", arguments: ["tls1_2", "tls1_3"])
    func renegotiation(version: String) async throws {
        let server = try await TLSServer(TLSServerContext(certificateFile: own.certificate, keyFile: own.key))
        // Without -ign_eof, a line that begins with R or K is a command to s_client.
        let client = try client(server.port, ["-\(version)"], input: Self.connect("c").dropLast(2).map { $0 })
        try await eventually("CONNECT comes") { server.value.packets == [.connect] }
        if version == "tls1_2" {
            try client.send(Array("R\n".utf8))
            _ = try await client.status()
            #expect(client.text.contains("no renegotiation"))
        } else {
            try client.send(Array("K\n".utf8))
            try await eventually("the keys are new") { client.text.contains("KEYUPDATE") }
            // PINGREQ, with the new keys.
            try client.send([0xC0, 0])
            try await eventually("PINGREQ comes") { server.value.packets == [.connect, .pingreq] }
            await server.cut()
            _ = try await client.status()
        }
    }

    @Test("A client of openssl s_server sends nothing to a server that it refuses", arguments: ["tls1_2", "tls1_3"])
    func sServer(version: String) async throws {
        let port = try ListeningSocket(host: "127.0.0.1", port: 0).address.port
        let peer = try OpenSSLTool(
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", own.certificate, "-key", own.key, "-quiet",
                "-\(version)",
            ])
        try await eventually("s_server listens") { canConnect(to: port) }
        let other = try await files.selfSigned("other", subject: "/CN=Other CA")
        let wary = try MQTTClient(
            .test(port, "wary").with {
                $0.tls = try? TLSClientContext(trust: .authority(file: other.certificate))
            })
        await #expect(throws: MQTTClientError.tls(.unknownAuthority(subject: "CN=umd", issuer: "CN=Test CA"))) {
            try await wary.connect()
        }
        // The same server gets a CONNECT from a client that trusts it, and that is the first that it gets.
        let trusting = try MQTTClient(
            .test(port, "trusting").with {
                $0.tls = try? TLSClientContext(trust: .authority(file: authority.certificate))
            })
        trusting.start()
        try await eventually("CONNECT comes") { peer.text.contains("trusting") }
        #expect(!peer.text.contains("wary"))
        await trusting.abort()
        await wary.abort()
    }

    @Test("A client that is refused while it is writing learns why")
    func refusedWhileWriting() async throws {
        let port = try ListeningSocket(host: "127.0.0.1", port: 0).address.port
        let peer = try OpenSSLTool([
            "s_server", "-accept", "127.0.0.1:\(port)", "-cert", own.certificate, "-key", own.key, "-quiet", "-Verify",
            "1",
        ])
        try await eventually("s_server listens") { canConnect(to: port) }
        let socket = try LoopbackSocket(connectedTo: port)
        #expect(fcntl(socket.descriptor, F_SETFL, O_NONBLOCK) == 0)
        let connection = TLSConnection(
            try TLSClientContext(trust: .authority(file: authority.certificate)), serverName: "127.0.0.1",
            sessions: nil,
            socket: Descriptor(adopting: socket.descriptor))
        try await eventually("the client is content") {
            if case .done = connection.handshake() { true } else { false }
        }
        var failure: StreamFailure?
        try await eventually("the connection breaks") {
            var bytes: [UInt8] = [1, 2, 3]
            let outcome = bytes.withUnsafeMutableBytes { bytes in
                var pieces = [iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)]
                return pieces.withUnsafeMutableBufferPointer { connection.write($0) }
            }
            if case .failed(let reason) = outcome { failure = reason }
            return failure != nil
        }
        #expect(failure == .tls(.refusedByPeer(alert: "certificate required")))
        withExtendedLifetime(peer) {}
    }

    @Test("A client of mosquitto over TLS publishes and receives, with a certificate of its own")
    func mosquitto() async throws {
        let gateway = try await files.issue("gateway", subject: "/CN=gw-1", by: authority)
        let broker = try await Mosquitto(options: [
            "cafile \(authority.certificate)", "certfile \(own.certificate)", "keyfile \(own.key)",
            "require_certificate true",
        ])
        let tls = try TLSClientContext(
            trust: .authority(file: authority.certificate), certificateFile: gateway.certificate, keyFile: gateway.key)
        let client = try await MQTTClient.connected(.test(broker.port, "c").with { $0.tls = tls })
        try await client.subscribe(to: TopicFilter("t"))
        for size in [0, 10, 20_000, 3_000_000] {
            let payload = [UInt8].pattern(size)
            try await client.publish(MQTTPublication(topic: TopicName("t"), payload: payload, qos: .atLeastOnce))
            let isEqual = try await client.collect(1).map { [UInt8]($0.payload) } == [payload]
            #expect(isEqual)
        }
        await client.disconnect()
        let nobody = try MQTTClient(
            .test(broker.port, "n").with {
                $0.tls = try? TLSClientContext(trust: .authority(file: authority.certificate))
            })
        await #expect(throws: MQTTClientError.tls(.refusedByPeer(alert: "certificate required"))) {
            try await nobody.connect()
        }
    }
}
