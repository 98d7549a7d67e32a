import MQTTWire
import Testing

/// The specification's table 2-4, written down a second time, against the codec's own table: every property in every
/// packet, once, twice, in both directions of the codec.
@Suite("Property legality")
struct PropertyLegalityTests {
    /// The columns, in the order of the rows' letters.
    enum Place: CaseIterable {
        case connect, will, connack, publishToServer, publishToClient, puback, pubrec, pubrel, pubcomp
        case subscribe, suback, unsubscribe, unsuback, disconnectToServer, disconnectToClient, auth
    }

    /// One letter a column: `1` once, `*` any number of times, `.` never.
    static let table: [(PropertyIdentifier, example: String, columns: String)] = [
        (.payloadFormatIndicator, "01 01", ".1.11..........."),
        (.messageExpiryInterval, "02 00000001", ".1.11..........."),
        (.contentType, "03 'c'", ".1.11..........."),
        (.responseTopic, "08 'r'", ".1.11..........."),
        (.correlationData, "09 0001 00", ".1.11..........."),
        (.subscriptionIdentifier, "0b 01", "....*....1......"),
        (.sessionExpiryInterval, "11 00000001", "1.1..........1.."),
        (.assignedClientIdentifier, "12 'i'", "..1............."),
        (.serverKeepAlive, "13 0001", "..1............."),
        (.authenticationMethod, "15 'm'", "1.1............1"),
        (.authenticationData, "16 0001 00", "1.1............1"),
        (.requestProblemInformation, "17 01", "1..............."),
        (.willDelayInterval, "18 00000001", ".1.............."),
        (.requestResponseInformation, "19 01", "1..............."),
        (.responseInformation, "1a 'i'", "..1............."),
        (.serverReference, "1c 's'", "..1..........11."),
        (.reasonString, "1f 'r'", "..1..1111.1.1111"),
        (.receiveMaximum, "21 0001", "1.1............."),
        (.topicAliasMaximum, "22 0001", "1.1............."),
        (.topicAlias, "23 0001", "...11..........."),
        (.maximumQoS, "24 01", "..1............."),
        (.retainAvailable, "25 01", "..1............."),
        (.userProperty, "26 'n' 'v'", "****************"),
        (.maximumPacketSize, "27 00000001", "1.1............."),
        (.wildcardSubscriptionAvailable, "28 01", "..1............."),
        (.subscriptionIdentifierAvailable, "29 01", "..1............."),
        (.sharedSubscriptionAvailable, "2a 01", "..1............."),
    ]

    /// A packet with these properties there. AUTH must have its method, and authentication data go with one.
    private func packet(_ place: Place, _ identifier: PropertyIdentifier, _ properties: String) -> [UInt8] {
        let needsMethod =
            identifier == .authenticationData || place == .auth && identifier != .authenticationMethod
        let all = "_ \(properties) \(needsMethod ? "15 'm'" : "");"
        return switch place {
        case .connect: hex("10 _ 'MQTT' 05 02 003c \(all) 'gw'")
        case .will: hex("10 _ 'MQTT' 05 06 003c 00 'gw' \(all) 'w' ''")
        case .connack: hex("20 _ 00 00 \(all)")
        case .publishToServer, .publishToClient: hex("30 _ 'a' \(all) 61")
        case .puback: hex("40 _ 0001 00 \(all)")
        case .pubrec: hex("50 _ 0001 00 \(all)")
        case .pubrel: hex("62 _ 0001 00 \(all)")
        case .pubcomp: hex("70 _ 0001 00 \(all)")
        case .subscribe: hex("82 _ 0001 \(all) 'a' 00")
        case .suback: hex("90 _ 0001 \(all) 00")
        case .unsubscribe: hex("a2 _ 0001 \(all) 'a'")
        case .unsuback: hex("b0 _ 0001 \(all) 00")
        case .disconnectToServer, .disconnectToClient: hex("e0 _ 00 \(all)")
        case .auth: hex("f0 _ 18 \(all)")
        }
    }

    private func direction(_ place: Place) -> PacketDirection {
        switch place {
        case .connack, .publishToClient, .suback, .unsuback, .disconnectToClient: .toClient
        default: .toServer
        }
    }

    private func decode(_ place: Place, _ identifier: PropertyIdentifier, _ properties: String) throws(PacketError)
        -> Packet?
    {
        let context = PacketContext(version: .v5_0, direction: direction(place))
        return try Packet.decode(packet(place, identifier, properties).span, in: context)?.packet
    }

    @Test("every cell of the table", arguments: PropertyIdentifier.allCases)
    func cells(_ identifier: PropertyIdentifier) throws {
        let row = try #require(Self.table.first { $0.0 == identifier })
        for (place, cell) in zip(Place.allCases, row.columns) {
            if cell == "." {
                #expect(throws: PacketError.self, "\(place)") { try decode(place, identifier, row.example) }
                continue
            }
            let packet = try #require(try decode(place, identifier, row.example), "\(place)")
            let context = PacketContext(version: .v5_0, direction: direction(place))
            var written: [UInt8] = []
            try packet.encode(in: context, into: &written)
            #expect(try Packet.decode(written.span, in: context)?.packet == packet)
            if cell == "*" {
                #expect(try decode(place, identifier, row.example + row.example) != nil, "\(place)")
            } else {
                #expect(throws: PacketError(.protocolError, ""), "twice in \(place)") {
                    try decode(place, identifier, row.example + row.example)
                }
            }
        }
    }

    @Test("a property of another packet is malformed; one of the other side is a protocol error")
    func codes() {
        #expect(throws: PacketError(.malformedPacket, "")) { try decode(.connect, .topicAlias, "23 0001") }
        #expect(throws: PacketError(.protocolError, "")) {
            try decode(.publishToServer, .subscriptionIdentifier, "0b 01")
        }
        #expect(throws: PacketError(.protocolError, "")) {
            try decode(.disconnectToClient, .sessionExpiryInterval, "11 00000001")
        }
    }

    @Test("what may not be read is not written either")
    func encoderRefuses() throws {
        let alias = try Properties([.topicAlias(1)])
        let twice = try Properties([.reasonString("a"), .reasonString("b")])
        let context = PacketContext(version: .v5_0, direction: .toClient)
        var buffer: [UInt8] = [1, 2, 3]
        #expect(throws: PacketError(.malformedPacket, "")) {
            try Connack(reasonCode: .success, properties: alias).encode(in: context, into: &buffer)
        }
        #expect(throws: PacketError(.protocolError, "")) {
            try Puback(packetID: .first, properties: twice).encode(in: context, into: &buffer)
        }
        #expect(buffer == [1, 2, 3])
    }

    @Test("before 5.0 properties are left out")
    func olderVersions() throws {
        let context = PacketContext(version: .v3_1_1, direction: .toClient)
        let message = Publish(
            topic: try TopicName("a"), payload: [0x61], properties: try Properties([.contentType("text/plain")]))
        #expect(try message.encoded(in: context) == hex("30 _ 'a' 61"))
        let unspeakable = Puback(
            packetID: .first, reasonCode: .quotaExceeded, properties: try Properties([.reasonString("full")]))
        #expect(try unspeakable.encoded(in: context) == hex("40 02 0001"))
    }
}
