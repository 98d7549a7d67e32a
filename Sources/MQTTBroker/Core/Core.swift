import Logging
import MQTTWire
import Synchronization

/// What all loops of one broker share: things that never change, and the few that are safe to touch from any of them.
final class Core: Sendable {
    let limits: Limits
    let hooks: Hooks
    let logger: Logger
    let loopCount: Int
    let interest: InterestTable
    let retained: RetainedStore
    let budget: Budget
    let subscriptionBudget: Budget
    let willBudget: Budget
    let clients = ClientCount()
    let open: OpenConnections
    let unauthenticated: UnauthenticatedConnections
    let store: (any SessionStore)?
    /// What a place in a queue takes, about, beside the message: twice as much if a store has to find it again.
    let placeSize: Int
    /// What `$SYS/broker/version` says.
    let version: String
    /// How often `$SYS` topics are published; zero: never.
    let sysInterval: Duration
    let start = MonotonicTime.now
    /// How many subscriptions ask for `$SYS` topics.
    private let systemSubscriptions = Atomic<Int>(0)
    /// The context that replaced those of the configuration.
    private let replacedContext = Mutex<TLSServerContext?>(nil)
    private let lastMessageID = Atomic<UInt64>(0)
    private let lastConnectionID = Atomic<UInt64>(0)
    private let sessionCount = Atomic<Int>(0)

    init(
        _ configuration: BrokerConfiguration, hooks: Hooks, store: (any SessionStore)?, logger: Logger, loopCount: Int
    ) {
        let limits = configuration.limits
        self.limits = limits
        version = configuration.version
        sysInterval = configuration.sysInterval
        self.hooks = hooks
        self.store = store
        placeSize = store == nil ? Delivery.placeSize : 2 * Delivery.placeSize
        self.logger = logger
        self.loopCount = loopCount
        interest = InterestTable(loops: loopCount)
        retained = RetainedStore(maximumCount: limits.retainedMessages, maximumBytes: limits.retainedBytes)
        budget = Budget(limit: limits.bufferedBytes)
        subscriptionBudget = Budget(limit: limits.subscriptionBytes)
        willBudget = Budget(limit: limits.willBytes)
        open = OpenConnections(maximumCount: limits.connections, maximumPerAddress: limits.connectionsPerAddress)
        unauthenticated = UnauthenticatedConnections(
            maximumPerAddress: limits.unauthenticatedPerAddress, maximumCount: limits.unauthenticated, among: open)
    }

    /// All TLS listeners use the context from now on.
    func use(_ context: TLSServerContext) { replacedContext.withLock { $0 = context } }

    /// What a listener that was configured with the context gives new connections.
    func currentContext(insteadOf configured: TLSServerContext?) -> TLSServerContext? {
        configured.map { configured in replacedContext.withLock { $0 ?? configured } }
    }

    /// Whether what must survive a crash cannot be kept at present.
    var isStoreFailing: Bool { store?.isFailing ?? false }

    func nextConnectionID() -> ConnectionID {
        ConnectionID(rawValue: lastConnectionID.add(1, ordering: .relaxed).newValue)
    }

    func nextMessageID() -> UInt64 { lastMessageID.add(1, ordering: .relaxed).newValue }

    /// The id of the message that came last.
    var newestMessageID: UInt64 { lastMessageID.load(ordering: .relaxed) }

    /// Messages get ids above this one from now on.
    func messageIDs(above id: UInt64) { lastMessageID.store(id, ordering: .relaxed) }

    /// Counts a new session in; `false` if there are as many as there may be.
    func admitSession() -> Bool {
        guard sessionCount.add(1, ordering: .relaxed).newValue <= limits.sessions else {
            sessionCount.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    var hasSystemSubscriptions: Bool { systemSubscriptions.load(ordering: .relaxed) > 0 }

    /// Counts subscriptions that ask for `$SYS` topics; returns whether there were none and are some now.
    func countSystemSubscriptions(_ step: Int) -> Bool {
        systemSubscriptions.add(step, ordering: .relaxed).newValue == step && step > 0
    }

    func sessionEnded() { sessionCount.subtract(1, ordering: .relaxed) }

    /// Adds what all loops share to a snapshot.
    func add(to snapshot: inout BrokerCounters) {
        (snapshot.retainedMessages, snapshot.retainedBytes) = retained.figures
        (snapshot.unauthenticated, snapshot.waitingForConnect) = unauthenticated.counts
        snapshot.clientsMaximum = clients.maximum
        snapshot.bufferedBytes = budget.used
        snapshot.subscriptionBytes = subscriptionBudget.used
        snapshot.willBytes = willBudget.used
        snapshot.store = store?.figures
    }

    /// Keeps a retained message for subscribers to come, or clears what was kept; returns the place of that among all such changes, `nil` when there is
    /// no room.
    ///
    /// To be called before ``interest`` is asked about the message: a subscriber that came too late to be found there looks for retained messages after
    /// that, and finds this one.
    func retain(_ message: Message) -> UInt64? {
        let order = retained.store(message)
        if order == nil {
            logger.warning(
                "no room for another retained message", metadata: ["topic": "\(message.topic.text.debugDescription)"])
        }
        return order
    }

    /// The loop on which the client's session lives.
    func home(of clientID: ClientID) -> Int { Self.spread(clientID.hashValue, over: loopCount) }

    /// The loop that picks the members of a share group.
    func owner(ofShared filter: TopicFilter) -> Int { Self.spread(filter.hashValue, over: loopCount) }

    private static func spread(_ hash: Int, over count: Int) -> Int { Int(UInt(bitPattern: hash) % UInt(count)) }
}
