import MQTTWire
import Testing

@Suite("What a server can answer")
struct PacketErrorTests {
    @Test(
        "the version in which a refused client understands the answer",
        arguments: [
            ("10 _ 'MQTT' 06 02 003c 'gw'", ProtocolVersion.v5_0), ("10 _ 'MQTT' 02 02 003c 'gw'", .v3_1_1),
            ("10 _ 'MQIsdp' 03 02 003c ''", .v3_1), ("10 _ 'MQTT' 04 03 003c 'gw'", .v3_1_1),
            ("10 _ 'MQTT' 05 02 003c _ 21 0000; 'gw'", .v5_0), ("10 _ 'MQTT' 05 02", .v5_0),
        ])
    func answerVersion(_ notation: String, _ expected: ProtocolVersion) {
        do throws(PacketError) {
            _ = try Packet.decode(hex(notation).span, in: .beforeConnect)
            Issue.record("accepted")
        } catch {
            #expect(error.version == expected)
        }
    }

    @Test("no version for bytes that are no CONNECT")
    func noVersion() {
        do throws(PacketError) {
            _ = try Packet.decode(hex("10 02 0005").span, in: .beforeConnect)
            Issue.record("accepted")
        } catch {
            #expect(error.version == nil)
        }
    }

    @Test("what a stranger sent makes no second line")
    func oneLine() {
        do throws(PacketError) {
            _ = try Packet.decode(hex("10 _ 0006 510a1b666f72 04 02 003c 'gw'").span, in: .beforeConnect)
            Issue.record("accepted")
        } catch {
            #expect(error.code == .unsupportedProtocolVersion)
            let controls = error.description.unicodeScalars.filter { $0.properties.generalCategory == .control }
            #expect(controls.isEmpty)
        }
    }

    @Test("return codes of 3.1 and 3.1.1 go both ways")
    func returnCodes() {
        for code in UInt8(0)...5 {
            #expect(ReasonCode(connectReturnCode: code)?.connectReturnCode == code)
        }
        #expect(ReasonCode(connectReturnCode: 6) == nil)
        #expect(ReasonCode.malformedPacket.connectReturnCode == nil)
        #expect(ReasonCode.serverBusy.connectReturnCode == 3)
    }

    @Test("one line says code, place, reason and rule")
    func description() throws {
        do throws(PacketError) {
            _ = try Packet.decode(hex("36 05 0001 61 0001").span, in: .beforeConnect)
            Issue.record("accepted")
        } catch {
            #expect(
                "\(error)" == "malformedPacket at byte 0: QoS 3 of PUBLISH; it is 0, 1 or 2 [MQTT-3.3.1-4]")
        }
    }

    @Test("a failure that 3.1.1 cannot tell is 0x80 in SUBACK, and no CONNACK at all")
    func unspeakable() throws {
        let context = PacketContext(version: .v3_1_1, direction: .toClient)
        #expect(
            try Suback(packetID: .first, reasonCodes: [.notAuthorized, .grantedQoS1]).encoded(in: context)
                == hex("90 04 0001 8001"))
        #expect(throws: PacketError(.protocolError, "")) {
            try Connack(reasonCode: .malformedPacket).encoded(in: context)
        }
    }

    @Test("packet ids begin at 1 again after 65535")
    func packetIDs() throws {
        #expect(try PacketID(65_535).next == .first)
        #expect(PacketID.first.next == (try PacketID(2)))
        #expect(throws: PacketError(.protocolError, "")) { try PacketID(0) }
    }

    @Test("what is too long is not written")
    func tooLong() throws {
        let long = String(repeating: "x", count: 65_536)
        #expect(throws: PacketError(.packetTooLarge, "")) { try ClientID(long) }
        let connect = Connect(clientID: try ClientID("a"), userName: long)
        let will = Connect(
            clientID: try ClientID("a"),
            will: Will(topic: try TopicName("w"), payload: [UInt8](repeating: 0, count: 65_536)))
        var buffer: [UInt8] = [7]
        for packet in [connect, will] {
            #expect(throws: PacketError(.packetTooLarge, "")) {
                try packet.encode(in: .beforeConnect, into: &buffer)
            }
        }
        #expect(buffer == [7])
    }
}
