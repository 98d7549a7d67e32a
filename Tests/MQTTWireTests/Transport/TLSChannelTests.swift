import CPosix
import Foundation
import Synchronization
import Testing

@testable import MQTTWire

/// What no client of TLS begins with. A name for each: thousands of bytes make no readable argument.
private enum Garbage: String, CaseIterable {
    case mqtt, http, zeros, ones, tooLongRecord, otherMessage, senselessHello, applicationData

    var bytes: [UInt8] {
        switch self {
        case .mqtt: [0x10, 12, 0, 4, 0x4D, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 0]
        case .http: Array("GET / HTTP/1.1\r\n\r\n".utf8)
        case .zeros: [UInt8](repeating: 0, count: 5_000)
        case .ones: [UInt8](repeating: 0xFF, count: 70_000)
        case .tooLongRecord: [0x16, 3, 1, 0xFF, 0] + [UInt8](repeating: 1, count: 0xFF00)
        case .otherMessage: [0x16, 3, 1, 0x20, 0] + [UInt8](repeating: 2, count: 0x2000)
        case .senselessHello: [0x16, 3, 1, 0, 44, 1, 0, 0, 40] + [UInt8](repeating: 3, count: 40)
        case .applicationData: [0x17, 3, 3, 0, 5, 1, 2, 3, 4, 5]
        }
    }
}

@Suite("Packet channel over TLS", .serialized, .timeLimit(.minutes(2)))
struct TLSChannelTests {
    /// One end of a connection.
    private struct End: Sendable {
        let channel: LoopBound<NotingChannel>
        let notes: Harness
        let loop: EventLoop
    }

    private let files: CertificateFolder
    private let loop: EventLoop
    private let otherLoop: EventLoop

    init() throws {
        files = try CertificateFolder()
        loop = try EventLoop()
        otherLoop = try EventLoop()
    }

    private func contexts(
        _ key: CertificateFolder.Key = .ec, newest version: TLSVersion = .tls13
    ) async throws -> (TLSServerContext, TLSClientContext) {
        let pair = try await files.selfSigned("own", subject: "/CN=umd", names: ["IP:127.0.0.1"], key: key)
        return (
            try TLSServerContext(
                certificateFile: pair.certificate, keyFile: pair.key, clientAuthorityFile: nil, allowsLegacy: false,
                newestVersion: version),
            try TLSClientContext(trust: .authority(file: pair.certificate))
        )
    }

    /// Two sockets that are connected with each other, perhaps by a wire that the test can hold.
    private func sockets(through wire: ((UInt16) throws -> Relay)? = nil) throws -> (near: Int32, far: LoopbackSocket) {
        let listener = try LoopbackSocket.listening()
        defer { listener.close() }
        let far = try LoopbackSocket(connectedTo: wire?(listener.localPort).port ?? listener.localPort)
        let near = cposix_accept4(listener.descriptor, nil, nil, cposix_accept_flags())
        for socket in [far, LoopbackSocket(adopting: near)] { socket.limitBuffers() }
        return (near, far)
    }

    private func start(
        _ stream: consuming ByteStream, _ direction: PacketDirection, on loop: EventLoop,
        _ prepare: @escaping @Sendable (NotingChannel) -> Void = { _ in }
    ) async -> End {
        let handed = HandedOverStream(stream)
        let notes = Harness()
        let channel = await loop.run {
            let channel = NotingChannel(
                handed.takeStream() ?? ByteStream(plain: Descriptor(adopting: -1)), loop: loop, notes: notes,
                direction: direction)
            prepare(channel)
            do { try channel.start() } catch { Issue.record(error) }
            return LoopBound(channel, to: loop)
        }
        return End(channel: channel, notes: notes, loop: loop)
    }

    /// A server's channel, and a socket to play the client with.
    private func server(
        _ context: TLSServerContext, _ prepare: @escaping @Sendable (NotingChannel) -> Void = { _ in }
    ) async throws -> (End, LoopbackSocket) {
        let (near, far) = try sockets()
        let stream = ByteStream(server: context, socket: Descriptor(adopting: near))
        return (await start(stream, .toServer, on: loop, prepare), far)
    }

    /// Both ends of a connection, each on a loop of its own.
    private func pair(
        _ server: TLSServerContext, _ client: TLSClientContext, sessions: TLSSessionCache? = nil,
        _ prepare: @escaping @Sendable (NotingChannel) -> Void = { _ in },
        through wire: ((UInt16) throws -> Relay)? = nil
    ) async throws -> (server: End, client: End) {
        let (near, far) = try sockets(through: wire)
        #expect(fcntl(far.descriptor, F_SETFL, O_NONBLOCK) == 0)
        let serverEnd = await start(
            ByteStream(server: server, socket: Descriptor(adopting: near)), .toServer, on: loop, prepare)
        let clientStream = ByteStream(
            client: client, serverName: "127.0.0.1", sessions: sessions, socket: Descriptor(adopting: far.descriptor))
        return (serverEnd, await start(clientStream, .toClient, on: otherLoop))
    }

    private static func publish(_ payload: [UInt8]) throws -> [UInt8] {
        try Publish(topic: TopicName("t"), payload: payload)
            .encoded(in: PacketContext(version: .v5_0, direction: .toServer))
    }

    /// Packets of every kind: tiny, whole, and large enough for a payload of their own.
    private static func mixture() throws -> [UInt8] {
        var bytes: [UInt8] = [0x30, 4, 0, 1, 0x74, 0]
        for size in [0, 1, 4_090, 4_091, 4_092, 4_093, 5_000, 16_383, 16_384, 16_385, 70_000] {
            bytes += try publish(.pattern(size)) + [0x30, 4, 0, 1, 0x74, 0]
        }
        return bytes
    }

    private static let mixturePackets = 23
    private static let mixturePayloads = [4_093, 5_000, 16_383, 16_384, 16_385, 70_000]

    private func send(_ bytes: [UInt8], from end: End) async {
        await end.loop.run { end.channel.value.send { $0 += bytes } }
    }

    private func close(_ ends: End...) async {
        for end in ends { await end.loop.run { end.channel.value.close() } }
    }

    @Test(
        "Packets pass both ways", arguments: [CertificateFolder.Key.ec, .rsa], TLSVersion.allCases)
    func exchange(key: CertificateFolder.Key, version: TLSVersion) async throws {
        let (server, client) = try await contexts(key, newest: version)
        let ends = try await pair(server, client)
        let bytes = try Self.mixture()
        await send(bytes, from: ends.client)
        await send(bytes, from: ends.server)
        for end in [ends.server, ends.client] {
            try await eventually("all packets have come") { end.notes.value.packets.count == Self.mixturePackets }
            #expect(end.notes.value.payloads.map { [UInt8]($0) } == Self.mixturePayloads.map { .pattern($0) })
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
        await close(ends.client)
        try await eventually("the end is seen") { ends.server.notes.value.end != nil }
        guard case .closedByPeer? = ends.server.notes.value.end else {
            Issue.record("\(String(describing: ends.server.notes.value.end))")
            return
        }
    }

    @Test("A later connection resumes the session of an earlier one", arguments: TLSVersion.allCases)
    func resumption(version: TLSVersion) async throws {
        let (server, client) = try await contexts(newest: version)
        let sessions = TLSSessionCache()
        var resumed: [Bool?] = []
        for _ in 0..<3 {
            let ends = try await pair(server, client, sessions: sessions)
            await send([0xC0, 0], from: ends.client)
            await send([0xD0, 0], from: ends.server)
            try await eventually("something came") {
                ends.client.notes.value.packets.count == 1 && ends.server.notes.value.packets.count == 1
            }
            resumed.append(await ends.server.loop.run { ends.server.channel.value.tls?.isResumed })
            #expect(ends.client.notes.value.peer?.commonName == "umd")
            await close(ends.client, ends.server)
        }
        #expect(resumed == [false, true, true])
        // A server with other ticket keys does not know the session, and nothing is lost but time.
        let ends = try await pair(try await contexts(newest: version).0, client, sessions: sessions)
        await send([0xC0, 0], from: ends.client)
        try await eventually("the other server's certificate is refused") { ends.client.notes.value.end != nil }
        #expect(ends.server.notes.value.packets.isEmpty)
    }

    @Test("A large payload passes both ways over a wire that stands still at times", arguments: TLSVersion.allCases)
    func largeOverHeldWire(version: TLSVersion) async throws {
        let (server, client) = try await contexts(newest: version)
        let held = Mutex<Relay?>(nil)
        let ends = try await pair(
            server, client,
            through: { port in
                let relay = try Relay(to: port)
                held.withLock { $0 = relay }
                return relay
            })
        let relay = try #require(held.withLock { $0 })
        let payload = SharedBytes(.pattern(8 << 20))
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
        let pending = await loop.run { ends.server.channel.value.pendingOutput }
        #expect(pending == 0)
        await close(ends.client, ends.server)
    }

    @Test("What has not begun can be taken back while the peer reads nothing", arguments: TLSVersion.allCases)
    func removal(version: TLSVersion) async throws {
        let (server, client) = try await contexts(newest: version)
        let ends = try await pair(server, client)
        await send([0xC0, 0], from: ends.client)
        try await eventually("the handshake is done") { ends.server.notes.value.packets.count == 1 }
        await otherLoop.run { ends.client.channel.value.pauseReading() }
        let payload = SharedBytes(.pattern(6 << 20))
        var head: [UInt8] = []
        try PublishHead(topic: TopicName("t")).encode(
            payloadLength: payload.count, in: PacketContext(version: .v5_0, direction: .toClient), into: &head)
        let first = head
        await loop.run {
            for token in 1...3 {
                ends.server.channel.value.send(head: first, payload: SharedSlice(payload), token: UInt64(token))
            }
        }
        var last = -1
        try await eventually("the connection is blocked") {
            let pending = await loop.run { ends.server.channel.value.pendingOutput }
            defer { last = pending }
            try await Task.sleep(for: .milliseconds(50))
            return pending == last
        }
        let removed = await loop.run { (1...3).map { ends.server.channel.value.unsend(UInt64($0)) } }
        #expect(removed == [false, true, true])
        await loop.run {
            ends.server.channel.value.send { $0 += [0x30, 5, 0, 1, 0x74, 0, 7] }
            ends.server.channel.value.closeAfterFlush()
        }
        await otherLoop.run { ends.client.channel.value.resumeReading() }
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
        let (server, client) = try await contexts(newest: version)
        let other = try EventLoop()
        let later = Harness()
        let seen = Mutex<(Bool, PeerCertificate?)?>(nil)
        let ends = try await pair(server, client) { channel in
            channel.onPacket = { channel in
                channel.handOver { stream in
                    seen.withLock { $0 = (stream.isEncrypted, stream.peerCertificate) }
                    other.execute {
                        try? NotingChannel(stream, loop: other, notes: later)?.start()
                    }
                }
            }
        }
        await send(try Self.mixture(), from: ends.client)
        try await eventually("the rest has come") { later.value.packets.count == Self.mixturePackets - 1 }
        #expect(ends.server.notes.value.packets.count == 1)
        #expect(later.value.payloads.map { [UInt8]($0) } == Self.mixturePayloads.map { .pattern($0) })
        #expect(seen.withLock { $0?.0 } == true)
        await close(ends.client)
        try await eventually("the end is seen there") { later.value.end != nil }
        other.stop()
        other.join()
    }

    @Test("A paused channel delivers nothing more, not even what TLS has read, until it is resumed")
    func pause() async throws {
        let (server, client) = try await contexts()
        let ends = try await pair(server, client) { channel in channel.onPacket = { $0.pauseReading() } }
        await send(try Self.mixture(), from: ends.client)
        for expected in 1...Self.mixturePackets {
            try await eventually("packet \(expected) has come") { ends.server.notes.value.packets.count == expected }
            for _ in 0..<2 { await loop.run {} }
            #expect(ends.server.notes.value.packets.count == expected)
            await loop.run { ends.server.channel.value.resumeReading() }
        }
        #expect(ends.server.notes.value.payloads.map(\.count) == Self.mixturePayloads)
        await close(ends.client)
    }

    @Test("A connection that is paused before it begins still finishes its handshake and sends")
    func pausedHandshake() async throws {
        let (server, client) = try await contexts()
        let ends = try await pair(server, client) { channel in
            channel.pauseReading()
            channel.send { $0 += [0xD0, 0] }
        }
        try await eventually("the packet has come") { ends.client.notes.value.packets.count == 1 }
        await close(ends.client, ends.server)
    }

    @Test("Certificates that do not fit the socket's buffer get through", arguments: TLSVersion.allCases)
    func longChain(version: TLSVersion) async throws {
        let own = try await files.selfSigned("own", subject: "/CN=umd", names: ["IP:127.0.0.1"], key: .rsa)
        let other = try await files.selfSigned("other", subject: "/CN=Somebody else", key: .rsa)
        let chain = try files.join(
            [own.certificate] + [String](repeating: other.certificate, count: 30), as: "chain.pem")
        let server = try TLSServerContext(
            certificateFile: chain, keyFile: own.key, clientAuthorityFile: nil, allowsLegacy: false,
            newestVersion: version)
        let (near, far) = try sockets()
        var size: Int32 = 1
        #expect(setsockopt(near, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size)) == 0)
        #expect(fcntl(far.descriptor, F_SETFL, O_NONBLOCK) == 0)
        let serverEnd = await start(
            ByteStream(server: server, socket: Descriptor(adopting: near)), .toServer, on: loop)
        let client = try TLSClientContext(trust: .authority(file: own.certificate))
        let clientEnd = await start(
            ByteStream(client: client, serverName: "127.0.0.1", socket: Descriptor(adopting: far.descriptor)),
            .toClient, on: otherLoop)
        await send([0xC0, 0], from: clientEnd)
        await send([0xD0, 0], from: serverEnd)
        try await eventually("packets pass") {
            serverEnd.notes.value.packets.count == 1 && clientEnd.notes.value.packets.count == 1
        }
        await close(clientEnd, serverEnd)
    }

    // MARK: Peers that misbehave

    @Test(
        "Whoever connects and leaves without a word has closed the connection; in the middle of a handshake it failed")
    func closing() async throws {
        let (server, _) = try await contexts()
        let (probe, far) = try await self.server(server)
        far.close()
        try await eventually("the end is seen") { probe.notes.value.end != nil }
        guard case .closedByPeer? = probe.notes.value.end else {
            Issue.record("\(probe.notes.value.end as Any)")
            return
        }
        let hello = try await clientHello()
        for count in [1, 5, hello.count / 2, hello.count] {
            let (end, far) = try await self.server(server)
            try far.send(Array(hello[..<count]))
            far.shutDownSending()
            try await eventually("the end is seen") { end.notes.value.end != nil }
            guard case .tls(.closedDuringHandshake)? = end.notes.value.end else {
                Issue.record("\(count): \(end.notes.value.end as Any)")
                continue
            }
            far.close()
        }
    }

    @Test("Garbage instead of a handshake fails it at once", arguments: Garbage.allCases)
    private func garbage(kind: Garbage) async throws {
        let (end, far) = try await server(contexts().0)
        try? far.send(kind.bytes)
        try await eventually("the end is seen") { end.notes.value.end != nil }
        switch end.notes.value.end {
        case .tls(.failed(let reason))?: #expect(!reason.isEmpty)
        case let other: Issue.record("\(other as Any)")
        }
        far.close()
    }

    @Test("A handshake that comes byte by byte succeeds", arguments: TLSVersion.allCases)
    func byteByByte(version: TLSVersion) async throws {
        let (server, client) = try await contexts(newest: version)
        let (near, wire) = try sockets()
        let (farNear, far) = try sockets()
        #expect(fcntl(far.descriptor, F_SETFL, O_NONBLOCK) == 0)
        #expect(fcntl(farNear, F_SETFL, 0) == 0)
        let relay = LoopbackSocket(adopting: farNear)
        for (source, sink) in [(wire, relay), (relay, wire)] {
            Thread.detachNewThread {
                while let bytes = try? source.receive(), !bytes.isEmpty {
                    for byte in bytes {
                        guard (try? sink.send([byte])) != nil else { break }
                    }
                }
                sink.shutDownSending()
            }
        }
        let serverEnd = await start(
            ByteStream(server: server, socket: Descriptor(adopting: near)), .toServer, on: loop)
        let clientEnd = await start(
            ByteStream(client: client, serverName: "127.0.0.1", socket: Descriptor(adopting: far.descriptor)),
            .toClient, on: otherLoop)
        await send([0xC0, 0], from: clientEnd)
        await send(try Self.publish(.pattern(5_000)), from: serverEnd)
        try await eventually("packets pass") {
            serverEnd.notes.value.packets.count == 1 && clientEnd.notes.value.payloads.count == 1
        }
        await close(clientEnd, serverEnd)
    }

    @Test("A storm of handshakes is got through, and others' data with it")
    func storm() async throws {
        let (server, client) = try await contexts()
        let steady = try await pair(server, client) { channel in
            channel.onPacket = { channel in channel.send { $0 += [0xD0, 0] } }
        }
        var ends: [(server: End, client: End)] = []
        for _ in 0..<100 { ends.append(try await pair(server, client)) }
        for end in ends { await send([0xC0, 0], from: end.client) }
        for count in 1...20 {
            await send([0xC0, 0], from: steady.client)
            try await eventually("answer \(count)") { steady.client.notes.value.packets.count == count }
        }
        for end in ends {
            try await eventually("the handshake is done") { end.server.notes.value.packets.count == 1 }
        }
        for end in ends { await close(end.client, end.server) }
    }

    @Test("A loop takes so many steps of handshakes in a turn, in the order in which they were asked for")
    func admission() async throws {
        final class Source: EventSource {
            let number: Int
            let notes: Admissions

            init(_ number: Int, loop: EventLoop, notes: Admissions) {
                self.number = number
                self.notes = notes
                super.init(loop: loop)
            }

            override func ready(_ readiness: Readiness) {
                guard readiness == .readable, loop.admitsHandshakeStep(self) else { return }
                notes.list.withLock { $0.append((number, loop.now)) }
            }
        }
        final class Admissions: Sendable {
            let list = Mutex<[(Int, MonotonicTime)]>([])
        }
        let limit = TLSLimits.handshakeStepsPerTurn
        let sockets = try (0..<(limit * 3)).map { _ in try self.sockets() }
        let notes = Admissions()
        let loop = loop
        let admitted = await loop.run {
            sockets.enumerated().filter { number, pair in
                let source = Source(number, loop: loop, notes: notes)
                do { try loop.register(source, descriptor: pair.near) } catch { Issue.record(error) }
                return loop.admitsHandshakeStep(source)
            }.map(\.offset)
        }
        #expect(admitted == Array(0..<limit))
        try await eventually("all had their turn") { notes.list.withLock { $0.count } == limit * 2 }
        let list = notes.list.withLock { $0 }
        #expect(list.map(\.0) == Array(limit..<(limit * 3)))
        for turn in Dictionary(grouping: list, by: { $0.1.nanoseconds }).values { #expect(turn.count <= limit) }
        loop.stop()
        loop.join()
        for pair in sockets {
            pair.far.close()
            _ = CPosix.close(pair.near)
        }
    }

    /// What a client begins with.
    private func clientHello() async throws -> [UInt8] {
        let (near, far) = try sockets()
        let client = try await contexts().1
        let end = await start(
            ByteStream(client: client, serverName: "127.0.0.1", socket: Descriptor(adopting: near)), .toClient,
            on: otherLoop)
        let bytes = try far.receive()
        await close(end)
        far.close()
        return bytes
    }
}
