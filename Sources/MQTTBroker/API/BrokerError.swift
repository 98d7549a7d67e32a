public import MQTTWire

/// Why a broker did not start.
public enum BrokerError: Error, CustomStringConvertible, Sendable {
    /// A listener could not be opened, or the process ran out of something.
    case transport(TransportError)
    /// The session store could not be read; `reason` is its own.
    case store(reason: String)
    /// ``Broker/start()`` was called a second time.
    case alreadyStarted

    /// One line that says what to change.
    public var description: String {
        switch self {
        case .transport(let error): error.description
        case .store(let reason): "cannot read the stored sessions: \(reason)"
        case .alreadyStarted: "the broker was started before; make a new one"
        }
    }
}
