import MQTTWire
import RandomSupport
import Testing

/// Whatever comes in: an answer or a refusal, never a trap, and what is accepted can be said again.
@Suite("Hostile bytes")
struct HostileBytesTests {
    static let contexts = ProtocolVersion.allCases.flatMap { version in
        PacketDirection.allCases.map { PacketContext(version: version, direction: $0) }
    }

    /// Decodes, and if that works checks that the packet survives being written and read.
    private func probe(_ bytes: [UInt8], in context: PacketContext) throws {
        guard let (packet, length) = try? Packet.decode(bytes.span, in: context) else { return }
        #expect(length <= bytes.count)
        let written: [UInt8]
        do throws(PacketError) {
            var buffer: [UInt8] = []
            try packet.encode(in: context, into: &buffer)
            written = buffer
        } catch {
            Issue.record("accepted but not writable: \(error); \(bytes)")
            return
        }
        let again = try #require(try Packet.decode(written.span, in: context))
        #expect(again.packet == packet, "\(bytes)")
    }

    @Test("every byte of every row changed in every bit", arguments: try PacketCases.everything())
    func flippedBits(_ row: PacketCase) throws {
        var bytes = row.bytes
        for index in bytes.indices {
            for bit in 0..<8 {
                bytes[index] ^= 1 << bit
                try probe(bytes, in: row.context)
                bytes[index] ^= 1 << bit
            }
            bytes[index] ^= 0xFF
            try probe(bytes, in: row.context)
            bytes[index] ^= 0xFF
        }
    }

    @Test("every row in every other context", arguments: try PacketCases.everything())
    func otherContexts(_ row: PacketCase) throws {
        for context in Self.contexts { try probe(row.bytes, in: context) }
    }

    @Test("random bytes", arguments: contexts)
    func randomBytes(_ context: PacketContext) throws {
        var generator = SeededGenerator(seed: 0x5EED)
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...48, using: &generator)
            try probe((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }, in: context)
        }
    }

    @Test("random bodies under a fitting header", arguments: contexts)
    func randomBodies(_ context: PacketContext) throws {
        var generator = SeededGenerator(seed: 0xB0D7)
        for first in UInt8.min...UInt8.max {
            for _ in 0..<20 {
                let count = Int.random(in: 0...40, using: &generator)
                let body = (0..<count).map { _ in UInt8.random(in: 0...40, using: &generator) }
                try probe([first, UInt8(count)] + body, in: context)
            }
        }
    }
}
