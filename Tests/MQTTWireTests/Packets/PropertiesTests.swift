import MQTTWire
import Testing

@Suite("Properties")
struct PropertiesTests {
    @Test("are read in their order, and by name")
    func reading() throws {
        let all: [Property] = [
            .userProperty(UserProperty(name: "b", value: "1")), .contentType("text"),
            .userProperty(UserProperty(name: "a", value: "2")), .subscriptionIdentifier(3), .subscriptionIdentifier(4),
        ]
        let properties = try Properties(all)
        #expect(Array(properties) == all)
        #expect(properties.contentType == "text")
        #expect(properties.userProperties.map(\.name) == ["b", "a"])
        #expect(properties.subscriptionIdentifiers == [3, 4])
        #expect(properties.messageExpiryInterval == nil)
        #expect(!properties.isEmpty)
        #expect(Properties().isEmpty)
    }

    @Test("are replaced and removed")
    func changing() throws {
        var properties = try Properties([.topicAlias(1), .messageExpiryInterval(60), .topicAlias(2)])
        try properties.set(.messageExpiryInterval(59))
        #expect(properties.messageExpiryInterval == 59)
        properties.remove(.topicAlias, .contentType)
        #expect(Array(properties) == [.messageExpiryInterval(59)])
        properties.remove(.messageExpiryInterval)
        #expect(properties == Properties())
    }

    @Test("values that cannot be sent are refused, and leave what was there", arguments: wrongValues())
    func refusesWrongValues(_ property: Property) throws {
        var properties = try Properties([.contentType("text")])
        #expect(throws: PacketError.self) { try properties.append(property) }
        #expect(throws: PacketError.self) { try properties.set(property) }
        #expect(Array(properties) == [.contentType("text")])
    }

    private static func wrongValues() -> [Property] {
        let tooLong = String(repeating: "x", count: 65_536)
        var values: [Property] = [.topicAlias(0), .receiveMaximum(0), .maximumPacketSize(0)]
        values += [.subscriptionIdentifier(0), .subscriptionIdentifier(268_435_456), .subscriptionIdentifier(-1)]
        values += [.maximumQoS(.exactlyOnce), .contentType("a\0b"), .contentType(tooLong)]
        values += [.responseTopic("a/+"), .responseTopic("")]
        values.append(.correlationData([UInt8](repeating: 0, count: 65_536)))
        values.append(.userProperty(UserProperty(name: "\0", value: "")))
        values.append(.userProperty(UserProperty(name: "", value: tooLong)))
        return values
    }

    @Test("the longest text goes through")
    func longestText() throws {
        let text = String(repeating: "x", count: 65_535)
        let packet = Connack(reasonCode: .success, properties: try Properties([.reasonString(text)]))
        let context = PacketContext(version: .v5_0, direction: .toClient)
        let bytes = try packet.encoded(in: context)
        let decoded = try Packet.decode(bytes.span, in: context)
        #expect(decoded?.packet == .connack(packet))
    }
}
