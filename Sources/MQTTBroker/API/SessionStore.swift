public import MQTTWire

/// Where persistent sessions, retained messages and pending wills outlive the process.
///
/// The broker works in memory and tells the store each change of what must survive, in order per session. Clean sessions, and whatever ends with its
/// connection, are never told. Without a store everything persistent lives as long as the process.
public protocol SessionStore: Sendable {
    /// Gives back what was there when the process ended. Called once, before anything listens.
    func load() throws -> StoredState

    /// Takes changes. Called on loop threads: it must not block.
    ///
    /// - Parameter whenDurable: Called once, from any thread, when these changes and all earlier ones of the same session would survive a crash.
    ///   What was promised to a client for them (PUBACK, PUBREC, PUBCOMP, SUBACK) goes out then.
    func apply(_ changes: [StoreChange], whenDurable: @escaping @Sendable () -> Void)

    /// Ends the store after the last change was taken, and returns when everything is durable. Called once, off the loop threads.
    func close()
}

/// What a store gives back at start.
public struct StoredState: Sendable {
    /// All sessions.
    public var sessions: [StoredSession]
    /// All retained messages.
    public var retained: [StoredMessage]

    /// The state of a store.
    public init(sessions: [StoredSession] = [], retained: [StoredMessage] = []) {
        self.sessions = sessions
        self.retained = retained
    }
}

/// One session as it was.
public struct StoredSession: Sendable {
    public var clientID: ClientID
    /// The time that the session still has, once its client is gone; `nil`: it does not expire.
    public var expiresIn: Duration?
    public var subscriptions: [StoredSubscription]
    /// Messages in flight, in the order in which they were sent, then those never sent, in order.
    public var outgoing: [StoredDelivery]
    /// The packet ids of QoS 2 publications that were received and not yet released.
    public var received: [PacketID]
    /// The will of a client that was connected, or whose delay runs.
    public var will: StoredWill?

    /// A session for `clientID`.
    public init(
        clientID: ClientID, expiresIn: Duration?, subscriptions: [StoredSubscription] = [],
        outgoing: [StoredDelivery] = [], received: [PacketID] = [], will: StoredWill? = nil
    ) {
        self.clientID = clientID
        self.expiresIn = expiresIn
        self.subscriptions = subscriptions
        self.outgoing = outgoing
        self.received = received
        self.will = will
    }
}

/// One subscription of a stored session.
public struct StoredSubscription: Sendable {
    public var filter: TopicFilter
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

/// A message, stored once however many sessions wait for it.
public struct StoredMessage: Sendable {
    /// Unique over the life of the store.
    public var id: UInt64
    public var topic: TopicName
    public var payload: [UInt8]
    public var qos: QoS
    public var retain: Bool
    /// The properties that travel with the message.
    public var properties: Properties
    /// The time that the message still has; `nil`: it does not expire.
    public var expiresIn: Duration?
}

/// A message on its way to one session.
public struct StoredDelivery: Sendable {
    /// How far the delivery has come.
    public enum Stage: Sendable, Hashable {
        case queued
        case sent(packetID: PacketID)
        /// PUBREC came: the message itself is no longer needed.
        case released(packetID: PacketID)
    }

    public var message: StoredMessage?
    public var qos: QoS
    public var stage: Stage
}

/// A will that is to be published if its client does not come back in time.
public struct StoredWill: Sendable {
    public var message: StoredMessage
    public var delay: Duration
}

/// One change of what must survive.
public enum StoreChange: Sendable {
    case sessionBegan(clientID: ClientID, expiresIn: Duration?)
    case sessionEnded(clientID: ClientID)
    case subscribed(clientID: ClientID, StoredSubscription)
    case unsubscribed(clientID: ClientID, TopicFilter)
    case queued(clientID: ClientID, StoredMessage, qos: QoS)
    case sent(clientID: ClientID, messageID: UInt64, packetID: PacketID)
    case released(clientID: ClientID, packetID: PacketID)
    case settled(clientID: ClientID, packetID: PacketID)
    case dropped(clientID: ClientID, messageID: UInt64)
    case received(clientID: ClientID, packetID: PacketID)
    case completed(clientID: ClientID, packetID: PacketID)
    case retained(StoredMessage)
    case retainedCleared(TopicName)
    case will(clientID: ClientID, StoredWill?)
}
