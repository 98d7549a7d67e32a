public import MQTTWire

/// What a client says of itself in CONNECT, for the hook that decides whether it may come in.
public struct ConnectRequest: Sendable {
    /// The client id of the session it asks for; assigned by the broker when CONNECT had none.
    public let clientID: ClientID
    /// Whether CONNECT had no client id.
    public let isClientIDAssigned: Bool
    /// The user name, if CONNECT had one.
    public let userName: String?
    /// The password's bytes, if CONNECT had one. A secret: not for logs.
    public let password: [UInt8]?
    /// `address:port` of the peer.
    public let remoteAddress: String
    /// The numeric address of the peer alone: what a throttle counts by.
    public let remoteHost: String
    /// Whether the connection is one over TLS.
    public let isEncrypted: Bool
    /// What the client's certificate says, which was verified; `nil` if it showed none.
    public let peerCertificate: PeerCertificate?
    /// The version of MQTT that the client speaks.
    public let protocolVersion: ProtocolVersion
    /// Clean Session of MQTT 3.1.1, Clean Start of MQTT 5.0.
    public let cleanStart: Bool
    /// The will that it leaves. The publish hook is asked about it when it is published; who wants to refuse it openly does so here.
    public let will: Will?
}

/// Who a client was found to be. A session belongs to an identity: no other one gets at it by naming its client id.
public struct ClientIdentity: Hashable, Sendable {
    /// Whatever the embedding program knows its clients by; stored with the session.
    public let rawValue: String

    /// The identity of that name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Nobody in particular: clients that the embedding program does not tell apart.
    public static let anonymous = ClientIdentity(rawValue: "")

    /// Whether the bytes are the same: `String` would take two that differ in Unicode normalisation for one.
    public static func == (left: ClientIdentity, right: ClientIdentity) -> Bool {
        left.rawValue.utf8.elementsEqual(right.rawValue.utf8)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        var copy = rawValue
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// The answer to a ``ConnectRequest``.
public enum AuthenticationDecision: Sendable, Equatable {
    /// The client may come in, as this identity: the session with its client id must be that identity's, or become so
    /// (see ``Hooks/authorizeTakeover``).
    case allow(as: ClientIdentity = .anonymous)
    /// The client is told why not, in the words that its version of MQTT has for it, and the connection is closed.
    case refuse(ConnectRefusal)
}

/// Why a client was not let in. Each has a CONNACK code in every version of MQTT.
public enum ConnectRefusal: Sendable, Hashable, CaseIterable {
    /// The user name or password is wrong: 4 in MQTT 3, 0x86 in 5.0.
    case badUserNameOrPassword
    /// The client may not connect: 5 in MQTT 3, 0x87 in 5.0.
    case notAuthorized
    /// The client id is not acceptable here: 2 in MQTT 3, 0x85 in 5.0.
    case identifierRejected
    /// The broker cannot serve the client now: 3 in MQTT 3, 0x88 in 5.0.
    case serverUnavailable
    /// The broker has too much to do, try later: 3 in MQTT 3, 0x89 in 5.0.
    case serverBusy
    /// The client was banned: 5 in MQTT 3, 0x8A in 5.0.
    case banned
    /// Too many connections in a time: 3 in MQTT 3, 0x9F in 5.0.
    case connectionRateExceeded
}

/// Carries an ``AuthenticationDecision`` that comes later, from any thread.
public struct DeferredAuthentication: Sendable {
    private let deliver: @Sendable (AuthenticationDecision) -> Void

    init(_ deliver: @escaping @Sendable (AuthenticationDecision) -> Void) { self.deliver = deliver }

    /// Gives the decision. Only the first call counts, and none once the connection is gone.
    public func answer(_ decision: AuthenticationDecision) { deliver(decision) }
}
