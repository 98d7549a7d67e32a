public import MQTTWire

/// Why a gateway cannot run at all. What may pass by itself, such as a server that is not there, is a ``GatewayEvent`` instead.
public enum GatewayError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The MQTT client cannot be made.
    case client(MQTTClientError)
    /// The state file cannot be read, so that nobody knows which version runs.
    case stateFile(StateFileError)
    /// An agent runs once; make another.
    case alreadyRun

    /// One line that says what is wrong.
    public var description: String {
        switch self {
        case .client(let error): "the MQTT client cannot be made: \(error)"
        case .stateFile(let error): "\(error)"
        case .alreadyRun: "this agent has run already; make another"
        }
    }
}
