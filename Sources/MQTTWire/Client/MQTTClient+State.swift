extension MQTTClient {
    /// How it stands with the connection.
    public enum State: Hashable, Sendable {
        /// No connection, and none is being made.
        case disconnected(MQTTClientError?)
        /// An attempt is under way.
        case connecting
        /// The server accepted the connection.
        case connected(MQTTConnectionInfo)
        /// The connection was lost, or an attempt failed, for that reason; the next attempt follows after the delay.
        case waiting(MQTTClientError, retryAfter: Duration)
        /// Ended for good by the program.
        case ended
    }
}
