import CPosix
import Foundation
import Testing

@testable import MQTTWire

/// Channels over TLS, each end on a loop of its own, with a certificate that was made for them.
struct TLSChannels {
    /// One end of a connection.
    struct End: Sendable {
        let channel: LoopBound<NotingChannel>
        let notes: Harness
        let loop: EventLoop
    }

    let files: CertificateFolder
    let loop: EventLoop
    let otherLoop: EventLoop

    init() throws {
        files = try CertificateFolder()
        loop = try EventLoop()
        otherLoop = try EventLoop()
    }

    func contexts(
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
    func sockets(through wire: ((UInt16) throws -> Relay)? = nil) throws -> (near: Int32, far: LoopbackSocket) {
        let listener = try LoopbackSocket.listening()
        defer { listener.close() }
        let far = try LoopbackSocket(connectedTo: wire?(listener.localPort).port ?? listener.localPort)
        let near = cposix_accept4(listener.descriptor, nil, nil, cposix_accept_flags())
        for socket in [far, LoopbackSocket(adopting: near)] { socket.limitBuffers() }
        return (near, far)
    }

    func start(
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
    func server(
        _ context: TLSServerContext, _ prepare: @escaping @Sendable (NotingChannel) -> Void = { _ in }
    ) async throws -> (End, LoopbackSocket) {
        let (near, far) = try sockets()
        let stream = ByteStream(server: context, socket: Descriptor(adopting: near))
        return (await start(stream, .toServer, on: loop, prepare), far)
    }

    /// Both ends of a connection, each on a loop of its own.
    func pair(
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

    static func publish(_ payload: [UInt8]) throws -> [UInt8] {
        try Publish(topic: TopicName("t"), payload: payload)
            .encoded(in: PacketContext(version: .v5_0, direction: .toServer))
    }

    /// Packets of every kind: tiny, whole, and large enough for a payload of their own.
    static func mixture() throws -> [UInt8] {
        var bytes: [UInt8] = [0x30, 4, 0, 1, 0x74, 0]
        for size in [0, 1, 4_090, 4_091, 4_092, 4_093, 5_000, 16_383, 16_384, 16_385, 70_000] {
            bytes += try publish(.pattern(size)) + [0x30, 4, 0, 1, 0x74, 0]
        }
        return bytes
    }

    static let mixturePackets = 23
    static let mixturePayloads = [4_093, 5_000, 16_383, 16_384, 16_385, 70_000]

    func send(_ bytes: [UInt8], from end: End) async {
        await end.loop.run { end.channel.value.send { $0 += bytes } }
    }

    func close(_ ends: End...) async {
        for end in ends { await end.loop.run { end.channel.value.close() } }
    }
}
