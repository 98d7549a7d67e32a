/// When a new subscription is sent retained messages (section 3.8.3.1).
public enum RetainHandling: UInt8, CaseIterable, Hashable, Sendable {
    /// At every SUBSCRIBE.
    case sendAtSubscribe = 0
    /// At a SUBSCRIBE to a filter that was not subscribed to before.
    case sendIfNew = 1
    /// Never.
    case doNotSend = 2
}

/// How messages come to a subscription.
///
/// ```text
/// bit   7   6   5   4                 3                     2          1   0
///       reserved    retain handling   retain as published   no local   QoS
/// ```
public struct SubscriptionOptions: Hashable, Sendable {
    /// The highest QoS that messages are sent with.
    public var maximumQoS: QoS

    /// The subscriber's own messages are not sent back to it.
    public var noLocal: Bool

    /// Messages keep the retain flag that they were published with.
    public var retainAsPublished: Bool

    /// When retained messages are sent.
    public var retainHandling: RetainHandling

    /// Joins a QoS with options that have the values of a subscription before 5.0.
    public init(
        _ maximumQoS: QoS, noLocal: Bool = false, retainAsPublished: Bool = false,
        retainHandling: RetainHandling = .sendAtSubscribe
    ) {
        self.maximumQoS = maximumQoS
        self.noLocal = noLocal
        self.retainAsPublished = retainAsPublished
        self.retainHandling = retainHandling
    }

    /// Reads the byte; before 5.0 it is a QoS alone, and 3.1 does not look at its other bits.
    init(_ byte: UInt8, _ version: ProtocolVersion, offset: Int) throws(PacketError) {
        guard let qos = QoS(rawValue: byte & 0b11) else {
            throw PacketError(.protocolError, at: offset, "QoS 3 of a subscription; it is 0, 1 or 2")
        }
        guard version.hasSubscriptionOptions else {
            guard byte & 0b1111_1100 == 0 || !version.checksReservedBits else {
                throw PacketError(
                    .malformedPacket, at: offset, "reserved bits of a subscription are set; they must be 0",
                    "MQTT-3.8.3-5")
            }
            self.init(qos)
            return
        }
        guard byte & 0b1100_0000 == 0 else {
            throw PacketError(
                .malformedPacket, at: offset, "reserved bits of a subscription are set; they must be 0", "MQTT-3.8.3-5")
        }
        guard let retainHandling = RetainHandling(rawValue: byte >> 4) else {
            throw PacketError(.protocolError, at: offset, "retain handling 3; it is 0, 1 or 2")
        }
        self.init(
            qos, noLocal: byte & 0b100 != 0, retainAsPublished: byte & 0b1000 != 0, retainHandling: retainHandling)
    }

    /// The byte that says this; before 5.0 the QoS alone.
    func byte(_ version: ProtocolVersion) -> UInt8 {
        guard version.hasSubscriptionOptions else { return maximumQoS.rawValue }
        return maximumQoS.rawValue | (noLocal ? 0b100 : 0) | (retainAsPublished ? 0b1000 : 0)
            | retainHandling.rawValue << 4
    }
}
