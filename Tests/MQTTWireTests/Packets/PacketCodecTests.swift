import MQTTWire
import Testing

@Suite("Every row of the catalogue")
struct PacketCodecTests {
    @Test("decodes to its packet, or to its error", arguments: try PacketCases.everything())
    func decodes(_ row: PacketCase) throws {
        let result = Result { () throws(PacketError) in try Packet.decode(row.bytes.span, in: row.context)?.packet }
        switch row.outcome {
        case .packet(let packet), .packetFromOtherBytes(let packet):
            #expect(try result.get() == packet)
        case .error(let code):
            #expect(throws: PacketError(code, "")) { _ = try result.get() }
        }
    }

    @Test("encodes to its bytes, and what it encodes to decodes to it", arguments: try PacketCases.everything())
    func encodes(_ row: PacketCase) throws {
        guard let packet = row.packet else { return }
        var buffer: [UInt8] = [0x55]
        try packet.encode(in: row.context, into: &buffer)
        if case .packet = row.outcome { #expect(Array(buffer.dropFirst()) == row.bytes) }
        let again = try #require(try Packet.decode(buffer.span, at: 1, in: row.context))
        #expect(again.packet == packet)
        #expect(again.length == buffer.count - 1)
    }

    @Test("is incomplete, or already wrong, when it is cut off anywhere", arguments: try PacketCases.everything())
    func cutOff(_ row: PacketCase) {
        for length in 0..<row.bytes.count {
            let prefix = Array(row.bytes[..<length])
            do throws(PacketError) {
                #expect(try Packet.decode(prefix.span, in: row.context) == nil, "\(length) bytes")
            } catch {
                #expect(row.packet == nil, "\(length) bytes of a legal packet were refused: \(error)")
            }
        }
    }

    @Test("is the same when it is fed byte by byte among others", arguments: try PacketCases.everything())
    func dripFeed(_ row: PacketCase) throws {
        guard let packet = row.packet else { return }
        let ping = hex(row.context.direction == .toServer ? "c0 00" : "d0 00")
        var buffer: [UInt8] = []
        var packets: [Packet] = []
        for byte in row.bytes + ping + row.bytes {
            buffer.append(byte)
            while let (packet, length) = try Packet.decode(buffer.span, in: row.context) {
                packets.append(packet)
                buffer.removeFirst(length)
            }
        }
        #expect(buffer.isEmpty)
        #expect(packets.count == 3)
        #expect(packets.first == packet)
        #expect(packets.last == packet)
    }

    @Test("names the byte that is wrong, and the rule", arguments: try PacketCases.everything())
    func errorsHaveAPlace(_ row: PacketCase) throws {
        guard case .error = row.outcome else { return }
        do throws(PacketError) {
            _ = try Packet.decode(row.bytes.span, in: row.context)
            Issue.record("accepted")
        } catch {
            let offset = try #require(error.offset)
            #expect((0...row.bytes.count).contains(offset))
            #expect(!error.reason.isEmpty)
            #expect(!error.description.contains("\n"))
        }
    }
}
