/// Which way a packet travels.
public enum PacketDirection: Hashable, Sendable, CaseIterable {
    /// From a client.
    case toServer
    /// From a server.
    case toClient
}

/// What a packet's bytes mean depends on: the connection's version and the way the packet travels.
public struct PacketContext: Hashable, Sendable {
    /// The version that CONNECT has named.
    public var version: ProtocolVersion

    /// Which way the packets travel.
    public var direction: PacketDirection

    /// Joins version and direction.
    public init(version: ProtocolVersion, direction: PacketDirection) {
        self.version = version
        self.direction = direction
    }

    /// For a server that has not read CONNECT yet. CONNECT carries its own version; the context's is not used for it.
    public static let beforeConnect = PacketContext(version: .v5_0, direction: .toServer)
}
