/// The connect flags (section 3.1.2.3).
///
/// ```text
/// bit   7           6          5             4   3      2      1             0
///       user name   password   will retain   will QoS   will   clean start   reserved
/// ```
struct ConnectFlags: OptionSet {
    var rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    static let reserved = ConnectFlags(rawValue: 1 << 0)
    static let cleanStart = ConnectFlags(rawValue: 1 << 1)
    static let will = ConnectFlags(rawValue: 1 << 2)
    static let willQoS = ConnectFlags(rawValue: 0b11 << 3)
    static let willRetain = ConnectFlags(rawValue: 1 << 5)
    static let password = ConnectFlags(rawValue: 1 << 6)
    static let userName = ConnectFlags(rawValue: 1 << 7)

    /// The flags that go with a packet.
    init(_ connect: Connect) {
        self = []
        if connect.cleanStart { insert(.cleanStart) }
        if let will = connect.will {
            insert(.will)
            rawValue |= will.qos.rawValue << 3
            if will.retain { insert(.willRetain) }
        }
        if connect.userName != nil { insert(.userName) }
        if connect.password != nil { insert(.password) }
    }

    /// Reads and checks the flags. 3.1 looks at neither the reserved bit nor the will's flags when there is no will.
    init(_ byte: UInt8, _ version: ProtocolVersion, offset: Int) throws(PacketError) {
        rawValue = byte
        if version.checksReservedBits {
            guard !contains(.reserved) else {
                throw PacketError(.malformedPacket, at: offset, "the reserved connect flag is set", "MQTT-3.1.2-3")
            }
            guard contains(.will) || intersection([.willQoS, .willRetain]).isEmpty else {
                throw PacketError(
                    .malformedPacket, at: offset, "will QoS or will retain without the will flag",
                    contains(.willRetain) ? "MQTT-3.1.2-13" : "MQTT-3.1.2-11")
            }
        }
        guard !contains(.will) || QoS(rawValue: willQoSBits) != nil else {
            throw PacketError(.malformedPacket, at: offset, "will QoS 3; it is 0, 1 or 2", "MQTT-3.1.2-12")
        }
        try Connect.checkPassword(
            hasUserName: contains(.userName), hasPassword: contains(.password), version, at: offset)
    }

    /// The will's QoS, once the flags have been checked.
    var willQoS: QoS { QoS(rawValue: willQoSBits) ?? .atMostOnce }

    private var willQoSBits: UInt8 { rawValue >> 3 & 0b11 }
}
