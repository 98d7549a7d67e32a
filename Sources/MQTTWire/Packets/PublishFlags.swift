/// The flags of a PUBLISH, in the lower half of its first byte (section 3.3.1).
///
/// ```text
/// bit   3     2   1   0
///       DUP   QoS     retain
/// ```
public struct PublishFlags: Hashable, Sendable {
    /// How the message is delivered.
    public var qos: QoS

    /// The message may have been sent before; never with QoS 0.
    public var isDuplicate: Bool

    /// To a server: keep the message for later subscribers. To a client: it was kept.
    public var retain: Bool

    /// Joins the three flags.
    public init(qos: QoS = .atMostOnce, isDuplicate: Bool = false, retain: Bool = false) {
        self.qos = qos
        self.isDuplicate = isDuplicate
        self.retain = retain
    }

    /// Reads the flags of a PUBLISH's fixed header; 3.1 does not look at DUP with QoS 0.
    public init(header: FixedHeader, version: ProtocolVersion) throws(PacketError) {
        guard let qos = QoS(rawValue: header.flags >> 1 & 0b11) else {
            throw PacketError(.malformedPacket, at: 0, "QoS 3 of PUBLISH; it is 0, 1 or 2", "MQTT-3.3.1-4")
        }
        let isDuplicate = header.flags & 0b1000 != 0
        if isDuplicate, qos == .atMostOnce, version.checksReservedBits {
            throw PacketError(.malformedPacket, at: 0, "DUP with QoS 0", "MQTT-3.3.1-2")
        }
        self.init(qos: qos, isDuplicate: isDuplicate && qos != .atMostOnce, retain: header.flags & 1 != 0)
    }

    var nibble: UInt8 {
        (isDuplicate ? 0b1000 : 0) | qos.rawValue << 1 | (retain ? 1 : 0)
    }
}
