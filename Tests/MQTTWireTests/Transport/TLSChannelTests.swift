import CPosix
import Foundation
import Synchronization
import Testing

@testable import MQTTWire

@Suite("Packet channel over TLS", .serialized, .timeLimit(.minutes(2)))
struct TLSChannelTests {
    private let channels: TLSChannels

    init() throws {
        channels = try TLSChannels()
    }

    @Test(
        "Packets pass both ways", arguments: [CertificateFolder.Key.ec, .rsa], TLSVersion.allCases)
    func exchange(key: CertificateFolder.Key, version: TLSVersion) async throws {
        let (server, client) = try await channels.contexts(key, newest: version)
        let ends = try await channels.pair(server, client)
        let bytes = try TLSChannels.mixture()
        await channels.send(bytes, from: ends.client)
        await channels.send(bytes, from: ends.server)
        for end in [ends.server, ends.client] {
            try await eventually("all packets have come") {
                end.notes.value.packets.count == TLSChannels.mixturePackets
            }
            #expect(end.notes.value.payloads.map { [UInt8]($0) } == TLSChannels.mixturePayloads.map { .pattern($0) })
            let (name, isEncrypted) = await end.loop.run {
                (end.channel.value.tls?.version, end.channel.value.isEncrypted)
            }
            #expect(name == (version == .tls12 ? "TLSv1.2" : "TLSv1.3"))
            #expect(isEncrypted)
        }
        #expect(
            ends.client.notes.value.peer
                == PeerCertificate(subject: "CN=umd", commonName: "umd", alternativeNames: ["127.0.0.1"]))
        #expect(ends.server.notes.value.peer == nil)
        await channels.close(ends.client)
        try await eventually("the end is seen") { ends.server.notes.value.end != nil }
        guard case .closedByPeer? = ends.server.notes.value.end else {
            Issue.record("\(String(describing: ends.server.notes.value.end))")
            return
        }
    }

    @Test("A later connection resumes the session of an earlier one", arguments: TLSVersion.allCases)
    func resumption(version: TLSVersion) async throws {
        let (server, client) = try await channels.contexts(newest: version)
        let sessions = TLSSessionCache()
        var resumed: [Bool?] = []
        for _ in 0..<3 {
            let ends = try await channels.pair(server, client, sessions: sessions)
            await channels.send([0xC0, 0], from: ends.client)
            await channels.send([0xD0, 0], from: ends.server)
            try await eventually("something came") {
                ends.client.notes.value.packets.count == 1 && ends.server.notes.value.packets.count == 1
            }
            resumed.append(await ends.server.loop.run { ends.server.channel.value.tls?.isResumed })
            #expect(ends.client.notes.value.peer?.commonName == "umd")
            await channels.close(ends.client, ends.server)
        }
        #expect(resumed == [false, true, true])
        // A server with other ticket keys does not know the session, and nothing is lost but time.
        let ends = try await channels.pair(try await channels.contexts(newest: version).0, client, sessions: sessions)
        await channels.send([0xC0, 0], from: ends.client)
        try await eventually("the other server's certificate is refused") { ends.client.notes.value.end != nil }
        #expect(ends.server.notes.value.packets.isEmpty)
    }

    @Test(
        "A large payload passes both ways over a wire that stands still at times", arguments: TLSVersion.allCases,
        [false, true])
    func largeOverHeldWire(version: TLSVersion, asFile: Bool) async throws {
        let (server, client) = try await channels.contexts(newest: version)
        let held = Mutex<Relay?>(nil)
        let ends = try await channels.pair(
            server, client,
            through: { port in
                let relay = try Relay(to: port)
                held.withLock { $0 = relay }
                return relay
            })
        let relay = try #require(held.withLock { $0 })
        let payload = asFile ? try MappedFile(count: 8 << 20).bytes : SharedBytes(.pattern(8 << 20))
        var head: [UInt8] = []
        try PublishHead(topic: TopicName("t")).encode(
            payloadLength: payload.count, in: PacketContext(version: .v5_0, direction: .toClient), into: &head)
        let first = head
        for end in [ends.server, ends.client] {
            await end.loop.run {
                end.channel.value.send(head: first, payload: SharedSlice(payload), token: 1)
                end.channel.value.send { $0 += [0x30, 4, 0, 1, 0x74, 0] }
            }
        }
        var wasHeld = 0
        while wasHeld < 5, ends.server.notes.value.payloads.isEmpty || ends.client.notes.value.payloads.isEmpty {
            wasHeld += 1
            relay.hold(true)
            try await Task.sleep(for: .milliseconds(20))
            relay.hold(false)
            try await Task.sleep(for: .milliseconds(5))
        }
        for end in [ends.server, ends.client] {
            try await eventually("all has come") { end.notes.value.packets.count == 2 }
            // Compared outside the macro, which would describe megabytes of difference.
            let isEqual = end.notes.value.payloads.map { [UInt8]($0) } == [[UInt8](payload)]
            #expect(isEqual)
            try await eventually("the progress is told") {
                end.notes.value.progress == [.began(1), .finished(1)] && end.notes.value.drained >= 1
            }
        }
        let pending = await channels.loop.run { ends.server.channel.value.pendingOutput }
        #expect(pending == 0)
        await channels.close(ends.client, ends.server)
    }

    @Test("A file that is shortened on its way ends the connection, and nothing else", arguments: TLSVersion.allCases)
    func shortened(version: TLSVersion) async throws {
        let (server, client) = try await channels.contexts(newest: version)
        let ends = try await channels.pair(server, client)
        await channels.send([0xC0, 0], from: ends.client)
        try await eventually("the handshake is done") { ends.server.notes.value.packets.count == 1 }
        await channels.otherLoop.run { ends.client.channel.value.pauseReading() }
        let file = try MappedFile(count: 20_000_000)
        var head: [UInt8] = []
        try PublishHead(topic: TopicName("t")).encode(
            payloadLength: file.bytes.count, in: PacketContext(version: .v5_0, direction: .toClient), into: &head)
        let first = head
        await channels.loop.run {
            ends.server.channel.value.send(head: first, payload: SharedSlice(file.bytes), token: 1)
        }
        try file.shorten(to: 50_000)
        await channels.otherLoop.run { ends.client.channel.value.resumeReading() }
        try await eventually("the end is seen") { ends.server.notes.value.end != nil }
        #expect(ends.server.notes.value.progress == [.began(1)])
        #expect(ends.client.notes.value.payloads.isEmpty)
        await channels.close(ends.client)
    }

    @Test("What has not begun can be taken back while the peer reads nothing", arguments: TLSVersion.allCases)
    func removal(version: TLSVersion) async throws {
        let (server, client) = try await channels.contexts(newest: version)
        let ends = try await channels.pair(server, client)
        await channels.send([0xC0, 0], from: ends.client)
        try await eventually("the handshake is done") { ends.server.notes.value.packets.count == 1 }
        await channels.otherLoop.run { ends.client.channel.value.pauseReading() }
        let payload = SharedBytes(.pattern(6 << 20))
        var head: [UInt8] = []
        try PublishHead(topic: TopicName("t")).encode(
            payloadLength: payload.count, in: PacketContext(version: .v5_0, direction: .toClient), into: &head)
        let first = head
        await channels.loop.run {
            for token in 1...3 {
                ends.server.channel.value.send(head: first, payload: SharedSlice(payload), token: UInt64(token))
            }
        }
        var last = -1
        try await eventually("the connection is blocked") {
            let pending = await channels.loop.run { ends.server.channel.value.pendingOutput }
            defer { last = pending }
            try await Task.sleep(for: .milliseconds(50))
            return pending == last
        }
        let removed = await channels.loop.run { (1...3).map { ends.server.channel.value.unsend(UInt64($0)) } }
        #expect(removed == [false, true, true])
        await channels.loop.run {
            ends.server.channel.value.send { $0 += [0x30, 5, 0, 1, 0x74, 0, 7] }
            ends.server.channel.value.closeAfterFlush()
        }
        await channels.otherLoop.run { ends.client.channel.value.resumeReading() }
        try await eventually("the end is seen") { ends.client.notes.value.end != nil }
        let isEqual = ends.client.notes.value.payloads.map { [UInt8]($0) } == [[UInt8](payload)]
        #expect(isEqual)
        #expect(ends.client.notes.value.packets.last == [PacketType.publish.rawValue, 0, 1, 0x74, 0, 7])
        #expect(ends.server.notes.value.progress == [.began(1), .finished(1)])
        try await eventually("the server's end is done, too") { ends.server.notes.value.end != nil }
        guard case .closedByPeer? = ends.client.notes.value.end, case .closedHere? = ends.server.notes.value.end else {
            Issue.record("\(ends.client.notes.value.end as Any), \(ends.server.notes.value.end as Any)")
            return
        }
    }

    @Test(
        "A connection handed over on its first packet goes on elsewhere with what TLS had read",
        arguments: TLSVersion.allCases)
    func handOver(version: TLSVersion) async throws {
        let (server, client) = try await channels.contexts(newest: version)
        let other = try EventLoop()
        let later = Harness()
        let seen = Mutex<(Bool, PeerCertificate?)?>(nil)
        let ends = try await channels.pair(server, client) { channel in
            channel.onPacket = { channel in
                channel.onHandOver = { stream in
                    seen.withLock { $0 = (stream.isEncrypted, stream.peerCertificate) }
                    other.execute {
                        try? NotingChannel(stream, loop: other, notes: later)?.start()
                    }
                }
                channel.handOver()
            }
        }
        await channels.send(try TLSChannels.mixture(), from: ends.client)
        try await eventually("the rest has come") { later.value.packets.count == TLSChannels.mixturePackets - 1 }
        #expect(ends.server.notes.value.packets.count == 1)
        #expect(later.value.payloads.map { [UInt8]($0) } == TLSChannels.mixturePayloads.map { .pattern($0) })
        #expect(seen.withLock { $0?.0 } == true)
        await channels.close(ends.client)
        try await eventually("the end is seen there") { later.value.end != nil }
        other.stop()
        other.join()
    }

    @Test("A paused channel delivers nothing more, not even what TLS has read, until it is resumed")
    func pause() async throws {
        let (server, client) = try await channels.contexts()
        let ends = try await channels.pair(server, client) { channel in channel.onPacket = { $0.pauseReading() } }
        await channels.send(try TLSChannels.mixture(), from: ends.client)
        for expected in 1...TLSChannels.mixturePackets {
            try await eventually("packet \(expected) has come") { ends.server.notes.value.packets.count == expected }
            for _ in 0..<2 { await channels.loop.run {} }
            #expect(ends.server.notes.value.packets.count == expected)
            await channels.loop.run { ends.server.channel.value.resumeReading() }
        }
        #expect(ends.server.notes.value.payloads.map(\.count) == TLSChannels.mixturePayloads)
        await channels.close(ends.client)
    }

    @Test("A connection that is paused before it begins still finishes its handshake and sends")
    func pausedHandshake() async throws {
        let (server, client) = try await channels.contexts()
        let ends = try await channels.pair(server, client) { channel in
            channel.pauseReading()
            channel.send { $0 += [0xD0, 0] }
        }
        try await eventually("the packet has come") { ends.client.notes.value.packets.count == 1 }
        await channels.close(ends.client, ends.server)
    }

    @Test("Certificates that do not fit the socket's buffer get through", arguments: TLSVersion.allCases)
    func longChain(version: TLSVersion) async throws {
        let own = try await channels.files.selfSigned("own", subject: "/CN=umd", names: ["IP:127.0.0.1"], key: .rsa)
        let other = try await channels.files.selfSigned("other", subject: "/CN=Somebody else", key: .rsa)
        let chain = try channels.files.join(
            [own.certificate] + [String](repeating: other.certificate, count: 30), as: "chain.pem")
        let server = try TLSServerContext(
            certificateFile: chain, keyFile: own.key, clientAuthorityFile: nil, allowsLegacy: false,
            newestVersion: version)
        let (near, far) = try channels.sockets()
        var size: Int32 = 1
        #expect(setsockopt(near, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size)) == 0)
        #expect(fcntl(far.descriptor, F_SETFL, O_NONBLOCK) == 0)
        let serverEnd = await channels.start(
            ByteStream(server: server, socket: Descriptor(adopting: near)), .toServer, on: channels.loop)
        let client = try TLSClientContext(trust: .authority(file: own.certificate))
        let clientEnd = await channels.start(
            ByteStream(client: client, serverName: "127.0.0.1", socket: Descriptor(adopting: far.descriptor)),
            .toClient, on: channels.otherLoop)
        await channels.send([0xC0, 0], from: clientEnd)
        await channels.send([0xD0, 0], from: serverEnd)
        try await eventually("packets pass") {
            serverEnd.notes.value.packets.count == 1 && clientEnd.notes.value.packets.count == 1
        }
        await channels.close(clientEnd, serverEnd)
    }
}
