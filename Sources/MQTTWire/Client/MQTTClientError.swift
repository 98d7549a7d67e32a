/// Why the client could not do what it was asked to, or why its connection ended.
public enum MQTTClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the server did not answer in time.
    public enum Answer: String, Hashable, Sendable {
        /// The answer to CONNECT.
        case connack = "CONNACK"
        /// The answer to PINGREQ.
        case pingresp = "PINGRESP"
    }

    /// There is no connection, and none is being made.
    case notConnected
    /// The client was ended by `disconnect` or `abort`.
    case ended
    /// The task that waited was cancelled. What was sent stays sent.
    case cancelled
    /// The server could not be reached, or the loop was stopped.
    case transport(TransportError)
    /// The server is not who it should be, or does not accept who this client is; nothing of MQTT was sent in the first case.
    case tls(TLSError)
    /// The server refused the connection in its CONNACK; the text is its reason string, if it gave one.
    case refused(ReasonCode, reason: String?)
    /// The server did not answer in time.
    case timedOut(Answer, after: Duration)
    /// The connection broke or the server closed it without a word.
    case connectionLost(String)
    /// The server sent DISCONNECT (5.0); the text is its reason string, if it gave one.
    case disconnectedByServer(ReasonCode, reason: String?)
    /// The server sent what is no legal packet, or none that is due.
    case protocolViolation(PacketError)
    /// What was to be sent cannot be said in MQTT, or not in this version.
    case invalid(PacketError)
    /// The server took the message and refused it, in PUBACK or PUBREC.
    case publishRefused(ReasonCode, reason: String?)
    /// The server refused some of the subscriptions; those not named here stand.
    case subscriptionsRefused([TopicFilter: ReasonCode])
    /// The packet is larger than the server said it accepts.
    case packetTooLarge(size: Int, maximum: Int)
    /// The server said in its CONNACK that it does not do this.
    case unsupportedByServer(String)
    /// More publications wait than `maximumQueuedPublications`.
    case queueFull(maximum: Int)
    /// The server lost the session while a QoS 2 message was under way: nobody can know whether it arrived.
    case sessionLost

    /// One line that says what failed and why.
    public var description: String {
        switch self {
        case .notConnected: "not connected"
        case .ended: "the client was ended"
        case .cancelled: "cancelled"
        case .transport(let error): error.description
        case .tls(let error): error.description
        case .refused(let code, let reason): "the server refused the connection: \(Self.text(code, reason))"
        case .timedOut(let answer, let limit): "no \(answer.rawValue) within \(limit)"
        case .connectionLost(let reason): "connection lost: \(reason)"
        case .disconnectedByServer(let code, let reason): "disconnected by the server: \(Self.text(code, reason))"
        case .protocolViolation(let error): "the server broke the protocol: \(error)"
        case .invalid(let error): "cannot be sent: \(error)"
        case .publishRefused(let code, let reason): "the server refused the message: \(Self.text(code, reason))"
        case .subscriptionsRefused(let filters):
            "the server refused to subscribe to "
                + filters.map { "\($0.key) (\(Self.text($0.value, nil)))" }.sorted().joined(separator: ", ")
        case .packetTooLarge(let size, let maximum):
            "the packet has \(size) bytes; the server takes at most \(maximum)"
        case .unsupportedByServer(let what): "the server does not support \(what)"
        case .queueFull(let maximum): "\(maximum) publications wait already"
        case .sessionLost: "the server lost the session; whether the message arrived is unknown"
        }
    }

    private static func text(_ code: ReasonCode, _ reason: String?) -> String {
        reason.map { "\(code), \($0)" } ?? "\(code)"
    }
}
