import CPosix
import Foundation
import MQTTWire
import Testing

@Suite("Packet channel", .timeLimit(.minutes(1)))
struct PacketChannelTests {
    private let loop: EventLoop

    init() throws {
        loop = try EventLoop()
    }

    /// A channel on one end of a connection, and the other end.
    private func pair(
        limit: Int = 1 << 28, notes harness: Harness = Harness(),
        _ prepare: @escaping @Sendable (NotingChannel) -> Void = { _ in }
    ) async throws -> (LoopBound<NotingChannel>, Harness, LoopbackSocket) {
        let listener = try LoopbackSocket.listening()
        defer { listener.close() }
        let far = try LoopbackSocket(connectedTo: listener.localPort)
        let near = cposix_accept4(listener.descriptor, nil, nil, cposix_accept_flags())
        for socket in [far, LoopbackSocket(adopting: near)] { socket.limitBuffers() }
        let loop = loop
        let channel = await withCheckedContinuation { continuation in
            loop.execute {
                let channel = NotingChannel(
                    ByteStream(plain: Descriptor(adopting: near)), loop: loop, notes: harness, limit: limit)
                prepare(channel)
                do { try channel.start() } catch { Issue.record(error) }
                continuation.resume(returning: LoopBound(channel, to: loop))
            }
        }
        return (channel, harness, far)
    }

    private static func publish(_ payload: [UInt8]) throws -> [UInt8] {
        try Publish(topic: TopicName("t"), payload: payload)
            .encoded(in: PacketContext(version: .v5_0, direction: .toServer))
    }

    /// Packets of every kind: tiny, whole, and large enough for a payload of their own.
    private static func mixture() throws -> [UInt8] {
        var bytes: [UInt8] = [0xC0, 0]
        for size in [0, 1, 4_090, 4_091, 4_092, 4_093, 5_000, 70_000] {
            bytes += try publish(.pattern(size)) + [0xC0, 0]
        }
        return bytes
    }

    @Test(
        "The same packets come out, whatever pieces the bytes come in",
        arguments: [1, 2, 3, 7, 100, 4_096, 65_536, 1 << 20])
    func pieces(size: Int) async throws {
        let (_, harness, far) = try await pair()
        let bytes = try Self.mixture()
        // One byte at a time for the whole would take a while: the pieces are small around the packets' beginnings.
        var sent = 0
        while sent < bytes.count {
            let step = size < 100 && sent % 5_000 > 200 ? 1_000 : size
            let piece = Array(bytes[sent..<min(sent + step, bytes.count)])
            try far.send(piece)
            sent += piece.count
            if size < 100 { await Task.yield() }
        }
        try await eventually("all packets have come") { harness.value.packets.count == 17 }
        let notes = harness.value
        #expect(notes.packets.count { $0 == [PacketType.pingreq.rawValue] } == 9)
        #expect(notes.payloads.map(\.count) == [4_093, 5_000, 70_000])
        #expect(notes.payloads.map { [UInt8]($0) } == [4_093, 5_000, 70_000].map { .pattern($0) })
        far.close()
        try await eventually("the end is seen") { harness.value.end != nil }
    }

    @Test("What the peer sent just before it closed is delivered, and the end is seen")
    func lastBytes() async throws {
        for _ in 0..<50 {
            let (_, harness, far) = try await pair()
            try far.send([0xC0, 0, 0xC0, 0])
            far.close()
            try await eventually("the end is seen") { harness.value.end != nil }
            #expect(harness.value.packets.count == 2)
            guard case .closedByPeer? = harness.value.end else {
                Issue.record("\(String(describing: harness.value.end))")
                return
            }
        }
    }

    @Test("A packet over the limit is a violation before its body comes")
    func tooLarge() async throws {
        let (_, harness, far) = try await pair(limit: 1000)
        try far.send([0x30, 0xFF, 0xFF, 0xFF, 0x7F])
        try await eventually("the violation is seen") { harness.value.end != nil }
        guard case .violation(let error)? = harness.value.end else {
            Issue.record("no violation")
            return
        }
        #expect(error.code == .packetTooLarge)
        far.close()
    }

    @Test("A paused channel delivers nothing more, not even what it has read, until it is resumed")
    func pause() async throws {
        let (channel, harness, far) = try await pair { channel in channel.onPacket = { $0.pauseReading() } }
        try far.send(Self.mixture())
        for expected in 1...17 {
            try await eventually("packet \(expected) has come") { harness.value.packets.count == expected }
            await turn()
            #expect(harness.value.packets.count == expected)
            loop.execute { channel.value.resumeReading() }
        }
        #expect(harness.value.payloads.map(\.count) == [4_093, 5_000, 70_000])
        far.close()
    }

    @Test("A connection handed over on its first packet goes on elsewhere with the bytes that were read")
    func handOver() async throws {
        let other = try EventLoop()
        let later = Harness()
        let (_, harness, far) = try await pair { channel in
            channel.onPacket = { channel in
                channel.onHandOver = { stream in
                    other.execute {
                        try? NotingChannel(stream, loop: other, notes: later)?.start()
                    }
                }
                channel.handOver()
            }
        }
        try far.send(Self.mixture())
        try await eventually("the rest has come") { later.value.packets.count == 16 }
        #expect(harness.value.packets.count == 1)
        #expect(later.value.payloads.map { [UInt8]($0) } == [4_093, 5_000, 70_000].map { .pattern($0) })
        far.close()
        try await eventually("the end is seen there") { later.value.end != nil }
        #expect(harness.value.end == nil)
        other.stop()
        other.join()
    }

    @Test(
        "Everything that was queued arrives in order before a graceful close, large payloads uncopied among small ones",
        arguments: [false, true])
    func output(asFile: Bool) async throws {
        let (channel, harness, far) = try await pair()
        let pattern = [UInt8].pattern(3_000_000)
        let expected = [1, 2, 3, 4] + pattern[10..<2_000_010] + [6] + pattern[..<100] + [7] + pattern
        let large = asFile ? try MappedFile(count: pattern.count).bytes : SharedBytes(pattern)
        loop.execute {
            let channel = channel.value
            channel.send { $0 += [1, 2, 3] }
            channel.send(head: [4], payload: SharedSlice(large, range: 10..<2_000_010), token: 7)
            channel.send(head: [5], payload: SharedSlice(large, range: 0..<2), token: 8)
            channel.send(head: [6], payload: SharedSlice(large, range: 0..<100))
            channel.send(head: [7], payload: SharedSlice(large), token: 9)
            #expect(channel.pendingOutput == 3 + 2_000_001 + 3 + 101 + 3_000_001)
            #expect(channel.unsend(8))
            #expect(!channel.unsend(8))
            #expect(channel.unsentTokens == [7, 9])
            channel.closeAfterFlush()
            channel.send { $0 += [99] }
        }
        let received = try far.receive(exactly: expected.count + 1)
        #expect(received.count == expected.count)
        // Compared outside the macro, which would describe megabytes of difference.
        let isEqual = received == expected
        #expect(isEqual)
        far.close()
        try await eventually("the end is seen") { harness.value.end != nil }
        #expect(harness.value.progress == [.began(7), .finished(7), .began(9), .finished(9)])
    }

    @Test("Who has little to write does so before those who have much, in whatever order they came")
    func littleFirst() async throws {
        let notes = Harness()
        let (many, _, farMany) = try await pair(notes: notes)
        let (few, _, farFew) = try await pair(notes: notes)
        let large = SharedBytes(.pattern(100_000))
        loop.execute {
            many.value.send(head: [], payload: SharedSlice(large), token: 1)
            few.value.send(head: [1], payload: SharedSlice(large, range: 0..<10), token: 2)
        }
        #expect(try farMany.receive(exactly: 100_000).count == 100_000)
        #expect(try farFew.receive(exactly: 11).count == 11)
        #expect(notes.value.progress.first == .began(2))
        farMany.close()
        farFew.close()
    }

    @Test("A peer that goes while a file is on its way to it ends the connection, and nothing else")
    func goneWhileFileIsSent() async throws {
        let (channel, harness, far) = try await pair()
        let file = try MappedFile(count: 20_000_000)
        loop.execute { channel.value.send(head: [1], payload: SharedSlice(file.bytes), token: 1) }
        _ = try far.receive(exactly: 100_000)
        far.close()
        try await eventually("the end is seen") { harness.value.end != nil }
        #expect(harness.value.progress == [.began(1)])
    }

    @Test("A file that is shortened on its way ends the connection, and nothing else")
    func shortened() async throws {
        let (channel, harness, far) = try await pair()
        let file = try MappedFile(count: 20_000_000)
        loop.execute { channel.value.send(head: [1], payload: SharedSlice(file.bytes), token: 1) }
        _ = try far.receive(exactly: 100_000)
        try file.shorten(to: 50_000)
        _ = try far.receive(exactly: 20_000_000)
        try await eventually("the end is seen") { harness.value.end != nil }
        #expect(harness.value.progress == [.began(1)])
        far.close()
    }

    @Test("A peer that does not read holds up nobody else, and what has begun cannot be taken back")
    func stalled() async throws {
        let (stalled, stalledNotes, farStalled) = try await pair()
        let (brisk, _, farBrisk) = try await pair()
        let large = SharedBytes(.pattern(4_000_000))
        loop.execute {
            for channel in [stalled.value, brisk.value] {
                channel.send(head: [], payload: SharedSlice(large), token: 1)
                channel.send(head: [], payload: SharedSlice(large), token: 2)
            }
        }
        #expect(try farBrisk.receive(exactly: 8_000_000).count == 8_000_000)
        let states = await onLoop { () -> (Bool, Bool) in (stalled.value.unsend(1), stalled.value.unsend(2)) }
        #expect(states == (false, true))
        #expect(stalledNotes.value.progress == [.began(1)])
        #expect(try farStalled.receive(exactly: 4_000_000).count == 4_000_000)
        farStalled.close()
        farBrisk.close()
    }

    @Test("The end of the loop ends its channels")
    func loopStops() async throws {
        let (_, harness, far) = try await pair()
        loop.stop()
        loop.join()
        guard case .loopStopped? = harness.value.end else {
            Issue.record("not told")
            return
        }
        #expect(try far.receive().isEmpty)
        far.close()
    }

    /// Waits until the loop has gone round.
    private func turn() async {
        await onLoop {}
        await onLoop {}
    }

    private func onLoop<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            loop.execute { continuation.resume(returning: body()) }
        }
    }
}
