public import MQTTWire

/// The name of one network connection. It is never used a second time within a process.
public struct ConnectionID: Hashable, Sendable {
    /// Counts up from 1 over all connections of the broker.
    public let rawValue: UInt64

    /// Names the connection with this number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A client whose CONNECT was accepted, as the hooks see it. One instance lives as long as the connection.
public final class ConnectedClient: Sendable {
    /// The client id of its session, which the broker may have assigned.
    public let clientID: ClientID
    /// The connection; a client that comes back has another one.
    public let connectionID: ConnectionID
    /// Who the authenticate hook found it to be.
    public let identity: ClientIdentity
    /// The user name of its CONNECT.
    public let userName: String?
    /// `address:port` of the peer.
    public let remoteAddress: String
    /// The version of MQTT that the client speaks.
    public let protocolVersion: ProtocolVersion

    init(
        clientID: ClientID, connectionID: ConnectionID, identity: ClientIdentity, userName: String?,
        remoteAddress: String, protocolVersion: ProtocolVersion
    ) {
        self.clientID = clientID
        self.connectionID = connectionID
        self.identity = identity
        self.userName = userName
        self.remoteAddress = remoteAddress
        self.protocolVersion = protocolVersion
    }
}

extension ConnectedClient {
    /// The same client, now that it is known who it is.
    func identified(as identity: ClientIdentity) -> ConnectedClient {
        ConnectedClient(
            clientID: clientID, connectionID: connectionID, identity: identity, userName: userName,
            remoteAddress: remoteAddress, protocolVersion: protocolVersion)
    }
}
