/// Why a connection ended.
public enum ChannelEnd: Sendable, CustomStringConvertible {
    /// This side closed it.
    case closedHere
    /// The peer closed it.
    case closedByPeer
    /// The network or the peer's machine broke it.
    case broken(SystemErrno)
    /// The two sides do not come together in TLS.
    case tls(TLSError)
    /// The client does not speak MQTT over WebSocket.
    case webSocket(WebSocketError)
    /// The peer sent what is no legal packet.
    case violation(PacketError)
    /// The event loop was stopped.
    case loopStopped

    init(_ failure: StreamFailure) {
        self =
            switch failure {
            case .system(let reason): .broken(reason)
            case .tls(let error): .tls(error)
            case .webSocket(let error): .webSocket(error)
            }
    }

    /// One line for a log.
    public var description: String {
        switch self {
        case .closedHere: "closed by this side"
        case .closedByPeer: "closed by the peer"
        case .broken(let reason): "broken: \(reason)"
        case .tls(let error): error.description
        case .webSocket(let error): error.description
        case .violation(let error): "protocol violation: \(error)"
        case .loopStopped: "the event loop was stopped"
        }
    }
}
