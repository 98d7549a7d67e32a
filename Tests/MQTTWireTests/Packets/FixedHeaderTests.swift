import MQTTWire
import Testing

@Suite("Fixed header")
struct FixedHeaderTests {
    private let context = PacketContext(version: .v5_0, direction: .toServer)

    @Test(
        "remaining length",
        arguments: [
            ("00", 0), ("7f", 127), ("8001", 128), ("ff7f", 16_383), ("808001", 16_384), ("ffff7f", 2_097_151),
            ("80808001", 2_097_152), ("ffffff7f", 268_435_455),
        ])
    func remainingLength(_ length: String, _ expected: Int) throws {
        let bytes = hex("30 \(length)")
        let header = try #require(try FixedHeader.decode(bytes.span, in: context))
        #expect(header.remainingLength == expected)
        #expect(header.length == bytes.count)
        #expect(header.packetLength == bytes.count + expected)
        for count in 0..<bytes.count {
            #expect(try FixedHeader.decode(Array(bytes[..<count]).span, in: context) == nil)
        }
    }

    @Test("a fifth byte is an error before it is there, and so is a wrong first byte")
    func earlyErrors() {
        #expect(throws: PacketError(.malformedPacket, "")) {
            try FixedHeader.decode(hex("30 80808080").span, in: context)
        }
        #expect(throws: PacketError(.malformedPacket, "")) {
            try FixedHeader.decode(hex("36 ffffff7f").span, in: context)
        }
        #expect(throws: PacketError(.protocolError, "")) { try FixedHeader.decode(hex("20 02").span, in: context) }
    }

    @Test("starts at an offset")
    func offset() throws {
        let header = try FixedHeader.decode(hex("ffff c0 00").span, at: 2, in: context)
        #expect(header?.type == .pingreq)
        #expect(try FixedHeader.decode(hex("c0 00").span, at: 2, in: context) == nil)
    }
}
