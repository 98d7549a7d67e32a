/// What the broker counted since it started, and how much it holds now.
public struct BrokerCounters: Sendable, Hashable {
    // MARK: Since the start

    /// Connections that were accepted by a listener.
    public var accepted: UInt64 = 0
    /// CONNECTs that were granted.
    public var connected: UInt64 = 0
    /// CONNECTs that were refused.
    public var refused: UInt64 = 0
    /// Connections closed for breaking the protocol or a limit.
    public var protocolErrors: UInt64 = 0
    /// PUBLISH packets from clients.
    public var publishesReceived: UInt64 = 0
    /// PUBLISH packets to clients.
    public var publishesSent: UInt64 = 0
    /// Bytes read from sockets.
    public var bytesReceived: UInt64 = 0
    /// Bytes written to sockets.
    public var bytesSent: UInt64 = 0
    /// Publications refused by the publish hook.
    public var publishesRefused: UInt64 = 0
    /// Messages dropped, by cause.
    public var dropped: [DropCause: UInt64] = [:]
    /// Times that a publisher was not read for a while because a subscriber's queue, or all queues together, were full.
    public var publisherPauses: UInt64 = 0

    /// Connections closed because their CONNECT did not come, or was not decided, within ``Limits/connectTimeout``.
    public var connectTimeouts: UInt64 = 0
    /// TLS handshakes that failed, those that were not done in time not included.
    public var tlsFailures: UInt64 = 0
    /// WebSocket connections that were refused, or broke its rules, before CONNECT.
    public var webSocketFailures: UInt64 = 0
    /// Times that accepting paused because there were as many unauthenticated connections as there may be.
    public var acceptPauses: UInt64 = 0

    // MARK: Now

    /// Open connections, accepted ones without CONNECT included.
    public var connections: Int = 0
    /// Connections whose CONNECT was not granted, those that wait included.
    public var unauthenticated: Int = 0
    /// Connections that are not read because others of their address are not done with their CONNECT.
    public var waitingForConnect: Int = 0
    /// Sessions, those of absent clients included.
    public var sessions: Int = 0
    /// Subscriptions of all sessions.
    public var subscriptions: Int = 0
    /// Retained messages.
    public var retainedMessages: Int = 0
    /// Messages waiting for clients or for their acknowledgement.
    public var queuedMessages: Int = 0
    /// Bytes of those messages, each counted once per client it waits for.
    public var queuedBytes: Int = 0

    init() {}
}
