public import MQTTWire

/// Where persistent sessions, retained messages and pending wills outlive the process.
///
/// The broker works in memory and tells the store each change of what must survive, in order per session. Of sessions that end with their connection it
/// tells no more than that there is a will, as of a session of no time; deliveries that end with a connection are never told. Without a store everything persistent lives as long as the process.
public protocol SessionStore: Sendable {
    /// Gives back what was there when the process ended. Called once, before anything listens.
    func load() throws -> StoredState

    /// Takes changes. Called on loop threads: it must not block.
    ///
    /// `whenDurable` is called once, from any thread, when these changes and all earlier ones that the same thread brought would survive a crash.
    /// What was promised to clients for them (PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK) goes out then, and what must not be repeated after a crash
    /// (PUBLISH at QoS 2, PUBREL). A store that cannot make them durable keeps them and tries again; see ``isFailing``.
    func apply(_ changes: [StoreChange], whenDurable: @escaping @Sendable () -> Void)

    /// Whether nothing can be made durable at present, such as for want of room. Asked on loop threads.
    ///
    /// The broker then refuses what it would have to promise: publications at QoS 1 and 2 that somebody may want with 0x97 (Quota exceeded) or, in
    /// MQTT 3, the end of the connection; subscriptions of sessions that are kept with 0x97 or 0x80.
    var isFailing: Bool { get }

    /// What it holds and has done, for ``BrokerCounters/store``; `nil`: it does not count. Asked on any thread.
    var figures: StoreFigures? { get }
}

/// What a session store holds and has done since it was opened.
public struct StoreFigures: Sendable, Hashable {
    /// Sessions that are stored, those included that are there for a will.
    public var sessions = 0
    /// Messages that are stored, retained ones included, each once.
    public var messages = 0
    /// Bytes of its files.
    public var bytes = 0
    /// Transactions that were made durable.
    public var commits: UInt64 = 0
    /// The time that those took.
    public var commitTime = Duration.zero
    /// Transactions that failed; each is tried again.
    public var failures: UInt64 = 0

    /// Nothing stored or done.
    public init() {}
}

extension SessionStore {
    /// A store that does not count.
    public var figures: StoreFigures? { nil }

    /// A store that does not fail.
    public var isFailing: Bool { false }
}

/// What a store gives back at start.
public struct StoredState: Sendable {
    /// All sessions that had not ended.
    public var sessions: [StoredSession]
    /// The retained message of each topic.
    public var retained: [StoredMessage]

    /// The state of a store.
    public init(sessions: [StoredSession] = [], retained: [StoredMessage] = []) {
        self.sessions = sessions
        self.retained = retained
    }
}

/// One session as it was.
public struct StoredSession: Sendable {
    /// The key of the session.
    public var clientID: ClientID
    /// Whose session it is: without it, whoever comes first with the client id would get what is stored here.
    public var owner: ClientIdentity
    /// The time that the session has left without its client; `nil`: it does not expire; zero: it is there for its will, which is due.
    public var expiresIn: Duration?
    /// What the client had subscribed to, one per filter.
    public var subscriptions: [StoredSubscription]
    /// Messages in flight, in the order in which they were sent, then those never sent, in order.
    public var deliveries: [StoredDelivery]
    /// The packet ids of QoS 2 publications that were received and not yet released.
    public var received: [PacketID]
    /// The will of a client that was connected, or whose delay runs.
    public var will: StoredWill?

    /// A session without anything in it.
    public init(clientID: ClientID, owner: ClientIdentity, expiresIn: Duration?) {
        self.clientID = clientID
        self.owner = owner
        self.expiresIn = expiresIn
        subscriptions = []
        deliveries = []
        received = []
        will = nil
    }
}

/// One subscription of a stored session.
public struct StoredSubscription: Sendable {
    /// The whole filter, `$share/group/` included.
    public var filter: TopicFilter
    /// The options of the last SUBSCRIBE to it.
    public var options: SubscriptionOptions
    /// The Subscription Identifier.
    public var identifier: Int?

    /// A subscription to `filter`.
    public init(filter: TopicFilter, options: SubscriptionOptions, identifier: Int?) {
        self.filter = filter
        self.options = options
        self.identifier = identifier
    }
}

/// A message, the same for all sessions that it waits for: a store keeps it once.
public struct StoredMessage: Sendable {
    /// Unique over the life of the store: the broker goes on above the highest that it was given back.
    public var id: UInt64
    /// The name it was published under.
    public var topic: TopicName
    /// The application message is `prefix` followed by `body`.
    public var prefix: [UInt8]
    /// The bytes after `prefix`; read them when the change comes, or keep the slice.
    public var body: SharedSlice
    /// The QoS of the publication.
    public var qos: QoS
    /// The RETAIN flag of the publication.
    public var retain: Bool
    /// The properties that travel with the message.
    public var properties: Properties
    /// The time that the message has left; `nil`: it does not expire.
    public var expiresIn: Duration?
    /// The client that published it, for No Local; `nil`: the embedding program.
    public var publisher: ClientID?

    /// A message as a store read it.
    public init(
        id: UInt64, topic: TopicName, prefix: [UInt8] = [], body: SharedSlice, qos: QoS, retain: Bool,
        properties: Properties, expiresIn: Duration?, publisher: ClientID?
    ) {
        self.id = id
        self.topic = topic
        self.prefix = prefix
        self.body = body
        self.qos = qos
        self.retain = retain
        self.properties = properties
        self.expiresIn = expiresIn
        self.publisher = publisher
    }
}

/// A message on its way to one session.
public struct StoredDelivery: Sendable {
    /// How far a delivery has come.
    public enum Stage: Sendable, Hashable {
        /// Not sent yet.
        case queued
        /// Sent under that packet id, and not acknowledged.
        case sent(PacketID)
        /// PUBREC came: the message itself is no longer needed.
        case released(PacketID)
    }

    /// The message, the same for all its deliveries.
    public var message: StoredMessage
    /// The QoS of the delivery, which a subscription may have lowered.
    public var qos: QoS
    /// The RETAIN flag that the subscriber sees.
    public var retain: Bool
    /// The Subscription Identifiers that go with it.
    public var identifiers: [Int]
    /// How far the delivery has come.
    public var stage: Stage
    /// Whether the message is still needed.
    var hasMessage: Bool {
        if case .released = stage { false } else { true }
    }

    /// A delivery as a store read it.
    public init(message: StoredMessage, qos: QoS, retain: Bool, identifiers: [Int], stage: Stage) {
        self.message = message
        self.qos = qos
        self.retain = retain
        self.identifiers = identifiers
        self.stage = stage
    }
}

/// A will that is to be published if its client does not come back in time.
public struct StoredWill: Sendable {
    /// The will as CONNECT brought it.
    public var will: Will
    /// The user name of the client, for the publish hook.
    public var userName: String?
    /// The address that the client had, for the publish hook.
    public var remoteAddress: String
    /// The version that the client spoke, for the publish hook.
    public var protocolVersion: ProtocolVersion
    /// What is left of the delay of a will whose client went before the process ended; `nil`: the delay has not begun.
    public var delayLeft: Duration?

    /// A will as a store read it.
    public init(
        will: Will, userName: String?, remoteAddress: String, protocolVersion: ProtocolVersion,
        delayLeft: Duration? = nil
    ) {
        self.delayLeft = delayLeft
        self.will = will
        self.userName = userName
        self.remoteAddress = remoteAddress
        self.protocolVersion = protocolVersion
    }
}

/// One change of what must survive.
public enum StoreChange: Sendable {
    /// A session began, or a client came back to it, perhaps as another owner. Its expiry starts to run at ``sessionAbsent(_:)``.
    case sessionPresent(ClientID, owner: ClientIdentity, expiresIn: Duration?)
    /// The client went; the session stays for the time given before.
    case sessionAbsent(ClientID)
    /// The session and all that belongs to it is gone.
    case sessionEnded(ClientID)
    /// A subscription was made, or one to the same filter replaced.
    case subscribed(ClientID, StoredSubscription)
    /// A subscription ended.
    case unsubscribed(ClientID, TopicFilter)
    /// A message waits for the session.
    case queued(ClientID, StoredDelivery)
    /// The oldest queued delivery of that message was sent for the first time.
    case sent(ClientID, message: UInt64, PacketID)
    /// PUBREC came for that packet id: PUBREL is all that is to be sent again.
    case released(ClientID, PacketID)
    /// The delivery in flight under that packet id is done.
    case settled(ClientID, PacketID)
    /// The oldest queued delivery of that message will not be made.
    case dropped(ClientID, message: UInt64)
    /// A QoS 2 publication came in: that message.
    case received(ClientID, PacketID, message: UInt64)
    /// Its PUBREL came.
    case completed(ClientID, PacketID)
    /// That many loops more (or less, below 0) have yet to say what they keep of a QoS 2 publication.
    ///
    /// While the sum is not 0 its publisher has no PUBREC and will send it again. A store calls no change durable that came after the first of these,
    /// and forgets what it has of a message (``queued(_:_:)``, ``received(_:_:message:)``) whose sum is not 0 when it is loaded.
    case parts(message: UInt64, change: Int)
    /// A message replaces the retained one of its topic.
    ///
    /// Retained messages belong to no loop, so that changes of one topic may come in another order than they were made in: what a store has of a topic is
    /// what came with the highest `order`. The orders are all numbers from 1, anew with each run.
    case retained(StoredMessage, order: UInt64)
    /// The topic has no retained message any more.
    case retainedCleared(TopicName, order: UInt64)
    /// The client left a will, or it was published or discarded.
    case will(ClientID, StoredWill?)
}
