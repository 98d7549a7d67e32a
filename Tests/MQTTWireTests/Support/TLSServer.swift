import CPosix
import Foundation
import Synchronization
import Testing

@testable import MQTTWire

/// A server on loopback that speaks TLS and no more MQTT than CONNACK, PUBACK and echoing publications; it notes all that arrives.
final class TLSServer: Sendable {
    struct Handshake: Sendable, Equatable {
        let version: String
        let isResumed: Bool
    }

    struct Notes: Sendable {
        var accepted = 0
        var handshakes: [Handshake] = []
        var packets: [PacketType] = []
        var ends: [ChannelEnd] = []
        var peers: [PeerCertificate?] = []
    }

    private final class Log: Sendable {
        let notes = Mutex(Notes())
        let channels = Mutex<[LoopBound<Channel>]>([])
    }

    private final class Channel: PacketChannel {
        let log: Log
        var isKnown = false

        init(_ stream: consuming ByteStream, loop: EventLoop, log: Log) {
            self.log = log
            super.init(
                stream, loop: loop, context: .beforeConnect, maximumPacketSize: 1 << 28)
        }

        override func received(_ header: FixedHeader, body: Span<UInt8>) throws(PacketError) {
            let handshake = tls.map { Handshake(version: $0.version, isResumed: $0.isResumed) }
            let peer = peerCertificate
            let isKnown = isKnown
            self.isKnown = true
            log.notes.withLock {
                if !isKnown, let handshake {
                    $0.handshakes.append(handshake)
                    $0.peers.append(peer)
                }
                $0.packets.append(header.type)
            }
            guard header.type == .connect else { return }
            let connect = try Connect(header: header, body: body, in: .beforeConnect)
            inboundContext = PacketContext(version: connect.version, direction: .toServer)
            try send { (buffer) throws(PacketError) in
                try Connack(reasonCode: .success).encode(
                    in: PacketContext(version: connect.version, direction: .toClient), into: &buffer)
            }
        }

        override func receivedPublish(
            _ layout: PublishLayout, head: Span<UInt8>, payload: SharedBytes
        ) throws(PacketError) {
            log.notes.withLock { $0.packets.append(.publish) }
            var bytes: [UInt8] = []
            let echo = PublishHead(layout, in: head)
            try echo.encode(
                payloadLength: payload.count, in: PacketContext(version: .v5_0, direction: .toClient), into: &bytes)
            send(head: bytes, payload: SharedSlice(payload))
        }

        override func closed(_ end: ChannelEnd) {
            log.notes.withLock { $0.ends.append(end) }
            log.channels.withLock { $0.removeAll { $0.value === self } }
        }
    }

    private let loop: EventLoop
    private let listener: LoopBound<Listener>
    private let log = Log()
    private let context: Mutex<TLSServerContext>
    let port: UInt16

    init(_ context: TLSServerContext, host: String = "127.0.0.1") async throws {
        self.context = Mutex(context)
        let loop = try EventLoop()
        self.loop = loop
        let socket = try ListeningSocket(host: host, port: 0)
        port = socket.address.port
        listener = LoopBound(Listener(socket, loop: loop), to: loop)
        await loop.run { [self] in
            do {
                try listener.value.start { [unowned self] socket, _ in accept(socket) }
            } catch {
                Issue.record(error)
            }
        }
    }

    deinit {
        loop.stop()
        if !loop.isCurrent { loop.join() }
    }

    var value: Notes { log.notes.withLock { $0 } }

    /// Shows another certificate from now on.
    func use(_ context: TLSServerContext) {
        self.context.withLock { $0 = context }
    }

    /// Ends all connections.
    func cut() async {
        await loop.run { [self] in
            for channel in log.channels.withLock({ $0 }) { channel.value.close() }
        }
    }

    private func accept(_ socket: consuming Descriptor) {
        log.notes.withLock { $0.accepted += 1 }
        let channel = Channel(ByteStream(server: context.withLock { $0 }, socket: socket), loop: loop, log: log)
        log.channels.withLock { $0.append(LoopBound(channel, to: loop)) }
        do { try channel.start() } catch { channel.close() }
    }
}
