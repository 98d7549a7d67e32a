/// One client's exchange by an authentication method (section 4.12 of MQTT 5.0), such as SCRAM: it decides about the client's CONNECT, and later about
/// each re-authentication, until the connection ends.
public struct AuthenticationExchange: Sendable {
    let answer: @Sendable (AuthenticationStep, DeferredAuthenticationAnswer) -> AuthenticationAnswer?

    /// An exchange that answers each step of the client by this closure, one at a time. It runs on a loop thread and must neither block nor wait;
    /// returning `nil` says that the answer comes through the second argument.
    public init(
        _ answer: @escaping @Sendable (AuthenticationStep, DeferredAuthenticationAnswer) -> AuthenticationAnswer?
    ) {
        self.answer = answer
    }
}

/// What a client says in an ``AuthenticationExchange``.
public struct AuthenticationStep: Sendable {
    /// Where in the exchange the client is.
    public enum Kind: Sendable, Hashable {
        /// Its CONNECT.
        case connect
        /// Its answer to a ``AuthenticationAnswer/challenge(data:)``.
        case response
        /// The start of a re-authentication. The client stays connected, and goes on as before, until it is refused.
        case reauthentication
    }

    /// Where in the exchange the client is.
    public let kind: Kind
    /// The Authentication Data, if there are any. A secret: not for logs.
    public let data: [UInt8]?
}

/// What the client hears in an ``AuthenticationExchange``.
public enum AuthenticationAnswer: Sendable, Equatable {
    /// The client has to say more: AUTH 0x18 (Continue authentication) with these Authentication Data.
    case challenge(data: [UInt8]? = nil)
    /// The client may come in as this identity, or stay: it hears so with these Authentication Data. A re-authentication as another identity than the
    /// connection's is refused.
    case allow(as: ClientIdentity = .anonymous, data: [UInt8]? = nil)
    /// The client is told why not, and the connection ends.
    case refuse(ConnectRefusal)
}

/// Carries an ``AuthenticationAnswer`` that comes later, from any thread.
public struct DeferredAuthenticationAnswer: Sendable {
    private let deliver: @Sendable (AuthenticationAnswer) -> Void

    init(_ deliver: @escaping @Sendable (AuthenticationAnswer) -> Void) { self.deliver = deliver }

    /// Gives the answer. Only the first call counts, and none once the connection is gone.
    public func give(_ answer: AuthenticationAnswer) { deliver(answer) }
}
