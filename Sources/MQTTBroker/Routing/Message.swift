import MQTTWire
import Synchronization

/// One application message on its way through the broker: immutable, and one object for all that it is delivered to.
final class Message: Sendable {
    /// Its name in the session store.
    let id: UInt64
    let topic: TopicName
    /// Bytes that go before ``body``.
    let prefix: [UInt8]
    let body: SharedSlice
    let qos: QoS
    /// The RETAIN flag of the publication.
    let retain: Bool
    /// What travels with the message to 5.0 subscribers (section 3.3.2.3); no topic alias, no subscription identifier, no expiry.
    let properties: Properties
    /// When the message expires; `nil`: never.
    let expiry: MonotonicTime?
    /// The client that published it; `nil` for the embedding program.
    let publisher: Publisher?
    /// Never queued for an absent client, and dropped from what is in flight at disconnect.
    let endsWithConnection: Bool
    /// What the message takes in memory, for budgets: its bytes and something for the objects around them.
    let size: Int
    private let budget: Budget?

    init(
        id: UInt64, topic: TopicName, prefix: [UInt8] = [], body: SharedSlice, qos: QoS, retain: Bool,
        properties: Properties = Properties(), expiry: MonotonicTime? = nil, publisher: Publisher? = nil,
        endsWithConnection: Bool = false, budget: Budget? = nil
    ) {
        self.id = id
        self.topic = topic
        self.prefix = prefix
        self.body = body
        self.qos = qos
        self.retain = retain
        self.properties = properties
        self.expiry = expiry
        self.publisher = publisher
        self.endsWithConnection = endsWithConnection
        self.budget = budget
        size = prefix.count + body.count + topic.bytes.count + properties.byteCount + 200
        budget?.add(size)
    }

    deinit { budget?.subtract(size) }

    /// The bytes of the application message.
    var payloadCount: Int { prefix.count + body.count }

    /// Whether its bytes are the broker's memory; a publication of the embedding program is that program's.
    var isCounted: Bool { budget != nil }

    /// What travels with it in that version.
    func properties(for version: ProtocolVersion) -> Properties { version.hasProperties ? properties : Properties() }

    func hasExpired(at now: MonotonicTime) -> Bool { expiry.map { $0 <= now } ?? false }
}

/// Who published a message: for No Local, and to be told to slow down.
final class Publisher: Sendable {
    let clientID: ClientID
    let connectionID: ConnectionID
    let loop: Int

    init(clientID: ClientID, connectionID: ConnectionID, loop: Int) {
        self.clientID = clientID
        self.connectionID = connectionID
        self.loop = loop
    }

    convenience init(_ client: ConnectedClient, loop: Int) {
        self.init(clientID: client.clientID, connectionID: client.connectionID, loop: loop)
    }
}

/// How many bytes the whole broker holds of something, counted from any thread.
final class Budget: Sendable {
    private let count = Atomic<Int>(0)
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var used: Int { count.load(ordering: .relaxed) }
    var isExceeded: Bool { used > limit }
    /// Whether it is more than holding back those who publish can set right.
    var isExceededTwice: Bool { used / 2 > limit }

    func add(_ bytes: Int) { count.add(bytes, ordering: .relaxed) }
    func subtract(_ bytes: Int) { count.subtract(bytes, ordering: .relaxed) }

    /// Counts bytes in unless they go beyond the limit.
    func take(_ bytes: Int) -> Bool {
        guard count.add(bytes, ordering: .relaxed).newValue > limit else { return true }
        subtract(bytes)
        return false
    }
}

/// How many clients are connected, and the most there have been at once, counted from any thread.
final class ClientCount: Sendable {
    private let count = Atomic<Int>(0)
    private let highest = Atomic<Int>(0)

    var maximum: Int { highest.load(ordering: .relaxed) }

    func enter() { highest.max(count.add(1, ordering: .relaxed).newValue, ordering: .relaxed) }
    func leave() { count.subtract(1, ordering: .relaxed) }
}
