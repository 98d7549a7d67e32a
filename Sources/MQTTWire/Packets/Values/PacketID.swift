/// The number, never 0, that ties an acknowledgement to its packet (section 2.2.1).
public struct PacketID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 1 to 65,535.
    public let rawValue: UInt16

    /// The lowest packet id, 1.
    public static let first = PacketID(nonzero: 1)

    /// Throws on 0 [MQTT-2.2.1-3].
    public init(_ rawValue: UInt16) throws(PacketError) {
        guard rawValue != 0 else {
            throw PacketError(.protocolError, "packet id 0; packet ids are 1 to 65535", "MQTT-2.2.1-3")
        }
        self.rawValue = rawValue
    }

    private init(nonzero rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The packet id after this one; 1 follows 65535.
    public var next: PacketID {
        rawValue == .max ? .first : PacketID(nonzero: rawValue + 1)
    }

    /// Whether a number is lower than another; it says nothing about which was used first.
    public static func < (left: PacketID, right: PacketID) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The number in decimal.
    public var description: String { String(rawValue) }
}
