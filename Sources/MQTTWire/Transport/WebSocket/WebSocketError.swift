/// Why a WebSocket connection was refused or ended.
public enum WebSocketError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The request was none for an upgrade to MQTT over WebSocket; `status` is that of the answer.
    case refused(status: Int, reason: String)
    /// The client closed the connection before it was upgraded.
    case closedDuringUpgrade
    /// A frame broke the rules; `code` is that of the answering Close frame (RFC 6455, 7.4.1).
    case violation(code: UInt16, reason: String)

    /// One line.
    public var description: String {
        switch self {
        case .refused(let status, let reason): "WebSocket refused with \(status): \(reason)"
        case .closedDuringUpgrade: "the client closed the connection before it was upgraded to WebSocket"
        case .violation(let code, let reason): "WebSocket violation (\(code)): \(reason)"
        }
    }

    /// Against RFC 6455.
    static func protocolError(_ reason: String) -> Self { .violation(code: 1002, reason: reason) }
    /// Data that is not for MQTT.
    static func unacceptableData(_ reason: String) -> Self { .violation(code: 1003, reason: reason) }
}
