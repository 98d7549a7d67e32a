/// What the broker counted since it started, and how much it holds now.
public struct BrokerCounters: Sendable, Hashable {
    // MARK: Since the start

    /// Connections that were accepted by a listener.
    public var accepted: UInt64 = 0
    /// CONNECTs that were granted.
    public var connected: UInt64 = 0
    /// CONNECTs that were refused.
    public var refused: UInt64 = 0
    /// Connections that a newer one of the same client id ended.
    public var takeovers: UInt64 = 0
    /// Packets from clients, CONNECT included.
    public var packetsReceived: UInt64 = 0
    /// Packets to clients.
    public var packetsSent: UInt64 = 0
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
    /// Bytes of the application messages in those from clients.
    public var payloadBytesReceived: UInt64 = 0
    /// Bytes of the application messages in those to clients.
    public var payloadBytesSent: UInt64 = 0
    /// Publications refused by the publish hook, or because `$SYS` is the broker's own.
    public var publishesRefused: UInt64 = 0
    /// Messages dropped, by cause.
    public var dropped: [DropCause: UInt64] = [:]
    /// Times that a publisher was not read for a while because a subscriber's queue, a loop's inbox or all queues together were full.
    public var publisherPauses: UInt64 = 0
    /// Times that a client was not read for a while because it did not take the answers to what it sent.
    public var answerPauses: UInt64 = 0
    /// Connections closed because the client took no byte for ``Limits/writeStall``.
    public var writeStalls: UInt64 = 0
    /// Connections closed because nothing was heard for one and a half times the keep-alive.
    public var keepAliveTimeouts: UInt64 = 0
    /// Connections closed because a re-authentication was not done within ``Limits/connectTimeout``.
    public var authenticationTimeouts: UInt64 = 0
    /// Sessions of absent clients whose time was up.
    public var sessionsExpired: UInt64 = 0
    /// CONNECTs refused because there were as many sessions, or as many bytes in wills, as there may be.
    public var sessionsRefused: UInt64 = 0
    /// Subscriptions refused for the limits of their count and size.
    public var subscriptionsRefused: UInt64 = 0
    /// Retained publications that were delivered but not kept for lack of room.
    public var retainedRefused: UInt64 = 0

    /// Connections closed because their CONNECT did not come, or was not decided, within ``Limits/connectTimeout``.
    public var connectTimeouts: UInt64 = 0
    /// TLS handshakes that failed, those that were not done in time not included.
    public var tlsFailures: UInt64 = 0
    /// WebSocket connections that were refused, or broke its rules, before CONNECT.
    public var webSocketFailures: UInt64 = 0
    /// Connections closed at once because there were as many, altogether or from their address, as there may be.
    public var connectionsRefused: UInt64 = 0
    /// Times that accepting paused because the process had no descriptor left.
    public var descriptorPauses: UInt64 = 0
    /// Times that accepting paused because there were as many unauthenticated connections as there may be.
    public var acceptPauses: UInt64 = 0

    /// What the session store holds and has done; `nil` without one that counts.
    public var store: StoreFigures?

    // MARK: Now

    /// Open connections, accepted ones without CONNECT included.
    public var connections: Int = 0
    /// Connections whose CONNECT was not granted, those that wait included.
    public var unauthenticated: Int = 0
    /// Clients that are connected.
    public var clients: Int = 0
    /// The most that were connected at once.
    public var clientsMaximum: Int = 0
    /// Connections that are not read because others of their address are not done with their CONNECT.
    public var waitingForConnect: Int = 0
    /// Sessions, those of absent clients included.
    public var sessions: Int = 0
    /// Subscriptions of all sessions.
    public var subscriptions: Int = 0
    /// Shared ones among those.
    public var sharedSubscriptions: Int = 0
    /// Bytes that subscriptions take, as ``Limits/subscriptionBytes`` counts them.
    public var subscriptionBytes: Int = 0
    /// Retained messages.
    public var retainedMessages: Int = 0
    /// Bytes of the retained messages.
    public var retainedBytes: Int = 0
    /// Bytes of the wills of connected and absent clients.
    public var willBytes: Int = 0
    /// Messages waiting in the queues of clients, connected or absent.
    public var queuedMessages: Int = 0
    /// Bytes of those messages, each counted once per client it waits for.
    public var queuedBytes: Int = 0
    /// QoS 1 and 2 messages that were sent, or are to be sent again, and are not acknowledged.
    public var inFlightMessages: Int = 0
    /// Bytes that connections have ready and the clients' TCP has not taken, shared payloads counted once per client.
    public var unsentBytes: Int = 0
    /// Bytes of clients' messages that the broker holds, each counted once, and what queues take to refer to them.
    public var bufferedBytes: Int = 0

    init() {}
}
