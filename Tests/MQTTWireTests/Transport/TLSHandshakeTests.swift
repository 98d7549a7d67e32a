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

@Suite("TLS handshakes", .serialized, .timeLimit(.minutes(2)))
struct TLSHandshakeTests {
    private let channels: TLSChannels

    init() throws {
        channels = try TLSChannels()
    }

    @Test(
        "Whoever connects and leaves without a word has closed the connection; in the middle of a handshake it failed")
    func closing() async throws {
        let (server, _) = try await channels.contexts()
        let (probe, far) = try await channels.server(server)
        far.close()
        try await eventually("the end is seen") { probe.notes.value.end != nil }
        guard case .closedByPeer? = probe.notes.value.end else {
            Issue.record("\(probe.notes.value.end as Any)")
            return
        }
        let hello = try await clientHello()
        for count in [1, 5, hello.count / 2, hello.count] {
            let (end, far) = try await channels.server(server)
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
        let (end, far) = try await channels.server(channels.contexts().0)
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
        let (server, client) = try await channels.contexts(newest: version)
        let (near, wire) = try channels.sockets()
        let (farNear, far) = try channels.sockets()
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
        let serverEnd = await channels.start(
            ByteStream(server: server, socket: Descriptor(adopting: near)), .toServer, on: channels.loop)
        let clientEnd = await channels.start(
            ByteStream(client: client, serverName: "127.0.0.1", socket: Descriptor(adopting: far.descriptor)),
            .toClient, on: channels.otherLoop)
        await channels.send([0xC0, 0], from: clientEnd)
        await channels.send(try TLSChannels.publish(.pattern(5_000)), from: serverEnd)
        try await eventually("packets pass") {
            serverEnd.notes.value.packets.count == 1 && clientEnd.notes.value.payloads.count == 1
        }
        await channels.close(clientEnd, serverEnd)
    }

    @Test("A storm of handshakes is got through, and others' data with it")
    func storm() async throws {
        let (server, client) = try await channels.contexts()
        let steady = try await channels.pair(server, client) { channel in
            channel.onPacket = { channel in channel.send { $0 += [0xD0, 0] } }
        }
        var ends: [(server: TLSChannels.End, client: TLSChannels.End)] = []
        for _ in 0..<100 { ends.append(try await channels.pair(server, client)) }
        for end in ends { await channels.send([0xC0, 0], from: end.client) }
        for count in 1...20 {
            await channels.send([0xC0, 0], from: steady.client)
            try await eventually("answer \(count)") { steady.client.notes.value.packets.count == count }
        }
        for end in ends {
            try await eventually("the handshake is done") { end.server.notes.value.packets.count == 1 }
        }
        for end in ends { await channels.close(end.client, end.server) }
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
        let sockets = try (0..<(limit * 3)).map { _ in try channels.sockets() }
        let notes = Admissions()
        let loop = channels.loop
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
        let (near, far) = try channels.sockets()
        let client = try await channels.contexts().1
        let end = await channels.start(
            ByteStream(client: client, serverName: "127.0.0.1", socket: Descriptor(adopting: near)), .toClient,
            on: channels.otherLoop)
        let bytes = try far.receive()
        await channels.close(end)
        far.close()
        return bytes
    }
}
