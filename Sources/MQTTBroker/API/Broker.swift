public import Logging
public import MQTTWire

/// An MQTT 3.1, 3.1.1 and 5.0 broker inside a program.
///
/// It runs on threads of its own, one event loop each, that share nothing but what they hand to each other: a session lives on the loop that its client
/// id hashes to, with its connection, its queue and its timers. All methods may be called from any thread; none but ``start()`` and ``stop()`` waits.
public final class Broker: Sendable {
    private let configuration: BrokerConfiguration
    private let hooks: Hooks
    private let store: (any SessionStore)?
    private let logger: Logger

    /// A broker that does nothing until ``start()``.
    ///
    /// - Parameter store: Keeps persistent sessions beyond the process; `nil` keeps them as long as the broker runs.
    public init(
        configuration: BrokerConfiguration = BrokerConfiguration(), hooks: Hooks = Hooks(),
        store: (any SessionStore)? = nil, logger: Logger = Logger(label: "mqtt-broker")
    ) {
        self.configuration = configuration
        self.hooks = hooks
        self.store = store
        self.logger = logger
    }

    /// Opens every listener and starts the loops. Blocks while host names are looked up and the store is read.
    ///
    /// - Returns: The addresses that the listeners are bound to, in the order of the configuration, with real ports where 0 was asked for.
    /// - Throws: When a port is taken, or an address is none of this machine's; then nothing listens.
    public func start() throws(BrokerError) -> [SocketAddress] {
        throw .alreadyStarted
    }

    /// Ends every connection, with DISCONNECT 0x8B (Server shutting down) where the version has it, and the loops; returns when all is done.
    public func stop() async {
    }

    /// Sends a publication to its audience. What one thread publishes to a client arrives in that order.
    public func publish(_ publication: OutboundPublication) {
    }

    /// Stops deliveries that have not been written completely: what has not begun is taken out, what has begun ends with its connection, which is closed.
    /// What was written waits for its acknowledgement. Each still ends with exactly one ``DeliveryReport/ended(_:_:)``; unknown tokens are ignored.
    public func cancel(_ tokens: [DeliveryToken]) {
    }

    /// Ends one connection as ``DisconnectCause/administrative(_:)``: with DISCONNECT 0x98 in 5.0. One that is gone already is ignored.
    public func disconnect(_ connection: ConnectionID, clientID: ClientID, reason: String) {
    }

    /// What the broker counted and holds; gathered without stopping it, so that figures may be some turns apart.
    public var snapshot: BrokerCounters { BrokerCounters() }
}
