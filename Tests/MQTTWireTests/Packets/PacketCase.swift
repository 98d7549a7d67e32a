import MQTTWire
import Testing

/// One row of the catalogue: bytes, and the packet that they are or the answer that they get.
struct PacketCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        case packet(Packet)
        /// The same, from bytes that our own encoder would write otherwise.
        case packetFromOtherBytes(Packet)
        case error(ReasonCode)
    }

    let name: String
    let context: PacketContext
    let bytes: [UInt8]
    let outcome: Outcome

    var testDescription: String { "\(name), \(context.version) \(context.direction)" }

    /// The packet, where there is one.
    var packet: Packet? {
        switch outcome {
        case .packet(let packet), .packetFromOtherBytes(let packet): packet
        case .error: nil
        }
    }
}

/// Collects rows for one direction.
struct PacketCases {
    private(set) var all: [PacketCase] = []
    let direction: PacketDirection

    init(_ direction: PacketDirection) {
        self.direction = direction
    }

    mutating func accept(_ name: String, _ versions: [ProtocolVersion], _ notation: String, _ packet: Packet) {
        add(name, versions, notation, .packet(packet))
    }

    mutating func acceptLoosely(_ name: String, _ versions: [ProtocolVersion], _ notation: String, _ packet: Packet) {
        add(name, versions, notation, .packetFromOtherBytes(packet))
    }

    mutating func refuse(_ name: String, _ versions: [ProtocolVersion], _ notation: String, _ code: ReasonCode) {
        add(name, versions, notation, .error(code))
    }

    private mutating func add(
        _ name: String, _ versions: [ProtocolVersion], _ notation: String, _ outcome: PacketCase.Outcome
    ) {
        for version in versions {
            all.append(
                PacketCase(
                    name: name, context: PacketContext(version: version, direction: direction), bytes: hex(notation),
                    outcome: outcome))
        }
    }
}

extension [ProtocolVersion] {
    static let all = ProtocolVersion.allCases
    static let before5 = [ProtocolVersion.v3_1, .v3_1_1]
    static let since311 = [ProtocolVersion.v3_1_1, .v5_0]
    static let only31 = [ProtocolVersion.v3_1]
    static let only311 = [ProtocolVersion.v3_1_1]
    static let only5 = [ProtocolVersion.v5_0]
}
