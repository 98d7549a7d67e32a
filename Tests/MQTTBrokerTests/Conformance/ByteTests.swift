import MQTTBroker
import MQTTWire
import Testing

/// Bytes in, bytes out, against a running broker.
struct ByteTests {
    @Test("MQTT-4.13.2-1, MQTT-3.2.2-7, MQTT-3.2.2-8: every row of CONNECTs")
    func connects() async throws {
        try await withBroker { _, port in
            for row in ByteCase.connects {
                for version in row.versions {
                    let peer = try Peer(port: port, version: version)
                    try peer.send(bytes: hex(row.sent))
                    switch row.end {
                    case .open: #expect(try peer.nextBytes(hex(row.answer).count) == hex(row.answer), "\(row.name)")
                    case .closed(let code):
                        let received = try peer.rest()
                        if version == .v5_0 {
                            // CONNACK with the code, and perhaps the reason in words.
                            #expect(received.count > 4 && received[0] == 0x20, "\(row.name) \(received)")
                            #expect(received.count > 4 && received[2...3] == [0, code.rawValue], "\(row.name)")
                        } else {
                            #expect(received == hex(row.answer), "\(row.name)")
                        }
                    }
                }
            }
        }
    }

    @Test("MQTT-4.13.1-1, MQTT-4.13.2-1, MQTT-3.14.2-1: every row of packets")
    func packets() async throws {
        try await withBroker { _, port in
            for row in ByteCase.packets {
                for version in row.versions {
                    let peer = try Peer(port: port, version: version)
                    try peer.connect("c")
                    let notation = row.sent.replacing(" P", with: version == .v5_0 ? " 00" : "")
                    try peer.send(bytes: hex(notation))
                    let context: Comment = "\(row.name), \(version)"
                    switch row.end {
                    case .open:
                        #expect(try peer.nextBytes(hex(row.answer).count) == hex(row.answer), context)
                        try peer.ping()
                    case .closed(let code):
                        let received = try peer.rest()
                        if version == .v5_0 {
                            #expect(received.count > 2 && received[0] == 0xE0, context)
                            #expect(received.count > 2 && received[2] == code.rawValue, context)
                        } else {
                            #expect(received.isEmpty, context)
                        }
                    }
                }
            }
        }
    }
}
