import MQTTWire
import Testing

@Suite("The head of a PUBLISH, without its payload")
struct PublishHeadTests {
    private let context = PacketContext(version: .v5_0, direction: .toServer)

    @Test("is read as soon as it is there, however little of the payload is", arguments: ProtocolVersion.allCases)
    func prefix(_ version: ProtocolVersion) throws {
        let context = PacketContext(version: version, direction: .toServer)
        let properties = version.hasProperties ? "_ 03 'text' 23 0005;" : ""
        let head = hex("'a/b' 0007 \(properties)")
        let header = try #require(try FixedHeader.decode(hex("32 ffff7f").span, in: context))
        #expect(header.remainingLength == 2_097_151)
        for length in 0..<head.count {
            let prefix = Array(head[..<length])
            #expect(try PublishLayout.decode(header: header, prefix: prefix.span, in: context) == nil)
            let needed = try PublishLayout.headLength(header: header, prefix: prefix.span, in: context)
            #expect((length + 1...head.count).contains(needed))
        }
        for bytes in [head, head + [1, 2, 3]] {
            let layout = try #require(try PublishLayout.decode(header: header, prefix: bytes.span, in: context))
            #expect(try PublishLayout.headLength(header: header, prefix: bytes.span, in: context) == head.count)
            #expect(layout.payload == head.count..<2_097_151)
            #expect(layout.packetID == (try PacketID(7)))
            #expect(layout.topicAlias == (version.hasTopicAliases ? 5 : nil))
            #expect(layout.topicName(in: bytes.span)?.text == "a/b")
            let copy = PublishHead(layout, in: bytes.span)
            #expect(copy.properties.contentType == (version.hasProperties ? "text" : nil))
            var buffer: [UInt8] = []
            try copy.encode(payloadLength: layout.payload.count, in: context, into: &buffer)
            #expect(buffer == [0x32, 0xFF, 0xFF, 0x7F] + head)
        }
    }

    @Test("that does not fit into its packet is not waited for")
    func tooLongHead() throws {
        let header = try #require(try FixedHeader.decode(hex("30 05").span, in: context))
        for prefix in ["0004", "0002 6162 01", "0001 61 7f"] {
            #expect(throws: PacketError(.malformedPacket, "")) {
                try PublishLayout.decode(header: header, prefix: hex(prefix).span, in: context)
            }
        }
    }

    @Test("goes out with the length of a payload that is sent by other means")
    func lengths() throws {
        let head = PublishHead(topic: try TopicName("a"))
        let context = PacketContext(version: .v3_1_1, direction: .toClient)
        for (payload, expected) in [(0, "30 03"), (124, "30 7f"), (125, "30 80 01"), (268_435_452, "30 ffffff7f")] {
            var buffer: [UInt8] = []
            try head.encode(payloadLength: payload, in: context, into: &buffer)
            #expect(buffer == hex("\(expected) 'a'"))
        }
        var buffer: [UInt8] = [9]
        for payload in [268_435_453, -1, Int.max, Int.min] {
            #expect(throws: PacketError(.packetTooLarge, "")) {
                try head.encode(payloadLength: payload, in: context, into: &buffer)
            }
        }
        #expect(buffer == [9])
    }

    @Test("that breaks a rule is not written")
    func illegalHeads() throws {
        let topic = try TopicName("a")
        let wrong = [
            PublishHead(flags: PublishFlags(qos: .atLeastOnce), topic: topic),
            PublishHead(topic: topic, packetID: .first),
            PublishHead(flags: PublishFlags(isDuplicate: true), topic: topic),
            PublishHead(topic: nil),
            PublishHead(topic: topic, properties: try Properties([.subscriptionIdentifier(1)])),
        ]
        var buffer: [UInt8] = [9]
        for head in wrong {
            #expect(throws: PacketError(.protocolError, "")) {
                try head.encode(payloadLength: 0, in: context, into: &buffer)
            }
        }
        #expect(buffer == [9])
    }
}
