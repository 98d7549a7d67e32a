public import MQTTWire

/// What a broker listens on and every limit it keeps. All of them have defaults that suit a fleet of small clients.
public struct BrokerConfiguration: Sendable {
    /// An address to listen on.
    public struct Listener: Sendable {
        /// A numeric IPv4 or IPv6 address.
        public var host: String
        /// The port; 0 takes any free one.
        public var port: UInt16
        /// The certificate that clients see, until ``Broker/useForNewConnections(_:)`` names another; `nil` for plain MQTT.
        public var tls: TLSServerContext?
        /// For MQTT over WebSocket, whom it is for; `nil` for MQTT straight over TCP or TLS.
        public var webSocket: WebSocketPolicy?

        /// MQTT on `host` and `port`, over TLS if there is a context, over WebSocket if there is a policy.
        public init(
            host: String = "127.0.0.1", port: UInt16 = 1883, tls: TLSServerContext? = nil,
            webSocket: WebSocketPolicy? = nil
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.webSocket = webSocket
        }
    }

    /// The addresses to listen on, in the order in which ``Broker/start()`` returns what became of them.
    public var listeners: [Listener]
    /// The number of loop threads; `nil` for one per processor.
    public var loops: Int?
    /// Every limit that the broker keeps.
    public var limits: Limits
    /// What the broker says under `$SYS/broker/version`.
    public var version = "MQTTBroker"
    /// How often the topics below `$SYS` are published anew to those who subscribe to them; zero: there are none. It costs nothing while nobody does.
    public var sysInterval: Duration = .seconds(10)

    /// A broker on the default listener with the default limits.
    public init(listeners: [Listener] = [Listener()], loops: Int? = nil, limits: Limits = Limits()) {
        self.listeners = listeners
        self.loops = loops
        self.limits = limits
    }
}

/// Every limit of the broker. Sizes are in bytes.
public struct Limits: Sendable {
    // MARK: What a client may send

    /// The largest packet that is accepted; told to 5.0 clients as Maximum Packet Size.
    public var maximumPacketSize = 268_435_455
    /// The largest packet before CONNECT was accepted, refused by the length that it announces: the longest user name and password fit together with a
    /// will, a flood from a stranger does not.
    public var maximumConnectSize = 256 << 10
    /// How many QoS 1 and 2 publications of a client may wait for their acknowledgement; told to 5.0 clients as Receive Maximum.
    /// Others are not read while they are at it.
    public var receiveMaximum: UInt16 = 20
    /// The largest packet other than PUBLISH after CONNECT, and the most that may precede the payload in a PUBLISH: topic and properties.
    /// What is larger ends the connection with 0x97 (Quota exceeded).
    public var maximumHeadSize = 1 << 20
    /// How many QoS 2 publications of a client may be without PUBREL, over all its connections. A further one is refused with 0x97 (Quota exceeded); an
    /// MQTT 3 client is disconnected. Each counts in ``bufferedBytes``.
    public var unreleasedPerSession = 10_000
    /// How many bytes of answers may wait for a client that does not take them, beside what is ready for it, before it is read no more.
    public var unsentAnswers = 256 << 10
    /// How many topic aliases a 5.0 client may use, and how many the broker uses towards one that takes them.
    public var topicAliasMaximum: UInt16 = 16
    /// How many subscriptions a session may hold; further ones are refused with 0x97 (0x80 in MQTT 3).
    public var subscriptionsPerSession = 10_000
    /// How many bytes they may take: some 300 each, the filter, and with wildcards 200 for each of its levels; further ones are refused in the same way.
    public var subscriptionBytesPerSession = 32 << 20
    /// How many levels a topic may have. One with more is refused: 5.0 clients get 0x90, MQTT 3 clients are disconnected.
    public var topicLevels = 256

    // MARK: Time

    /// How long a connection may take from accept to a decided CONNECT, whatever it sends in that time; also how long a re-authentication may take.
    /// One that had to wait for others of its address gets this time anew if its bytes are there when its turn comes.
    public var connectTimeout: Duration = .seconds(9)
    /// The longest keep-alive. 5.0 clients that ask for more, or for none, get this as Server Keep Alive; MQTT 3 has no word for it and keeps its own.
    public var maximumKeepAlive: Duration?
    /// How long a client with bytes waiting may take none of them before it is dropped.
    public var writeStall: Duration = .seconds(60)
    /// The longest Session Expiry Interval, and how long the session of an MQTT 3 client without Clean Session is kept. `nil`: for ever.
    public var maximumSessionExpiry: Duration?

    // MARK: Connections

    /// How many connections there may be, granted or not; further ones are closed as soon as they are accepted.
    public var connections = 1_000_000
    /// How many of one address; `nil`: as many as there may be altogether, since a whole site may stand behind one address.
    public var connectionsPerAddress: Int?

    // MARK: Strangers

    /// How many connections from one address are read before their CONNECT is granted; IPv6 addresses with the same first 64 bits are one address.
    /// Further ones are accepted and wait, first come, first served, until one of those is granted or closed.
    public var unauthenticatedPerAddress = 200
    /// How many connections there may be whose CONNECT is not granted, those that wait included. At that number nothing is accepted until one of them
    /// is granted or closed. Granted ones are not counted.
    public var unauthenticated = 10_000

    // MARK: What is kept for a client

    /// How many QoS 1 and 2 messages may be in flight to a client, whatever larger Receive Maximum it names.
    public var inFlightPerSession = 1_000
    /// How many messages may wait for one client, connected or absent.
    public var queuedMessagesPerSession = 100_000
    /// How many bytes may wait for one client. A message that finds the queue empty always fits.
    /// QoS 0 is dropped when the queue is full; of QoS 1 and 2 the oldest makes room.
    public var queuedBytesPerSession = 16 << 20
    /// How many bytes the queue of a client that drains may hold before those who publish into it are not read until it has shrunk to half of that.
    /// A client drains that has taken something within a second; within 50 ms if nothing was promised to it, all of its messages being QoS 0.
    public var congestedBytes = 4 << 20
    /// The same in messages.
    public var congestedMessages = 10_000

    // MARK: What is kept altogether

    /// How many sessions there may be; one more is refused as ``ConnectRefusal/serverBusy``.
    public var sessions = 1_000_000
    /// How many bytes the subscriptions of all sessions may take, counted in the same way; further ones are refused in the same way.
    public var subscriptionBytes = 1 << 30
    /// How many bytes wills may take, those of absent clients included; a CONNECT with one more is refused with 0x97 (3 in MQTT 3).
    public var willBytes = 256 << 20
    /// How many retained messages are kept; a further topic's is delivered but not retained.
    public var retainedMessages = 1_000_000
    /// How many bytes retained messages may take.
    public var retainedBytes = 256 << 20
    /// How many bytes of clients' messages may be on their way, half received ones included, or in queues, and in what queues take to refer to them. Above that those who publish are
    /// read but now and then, and messages for clients that are absent or do not drain make room for each other.
    public var bufferedBytes = 1 << 30
    /// How many publications from other loops may wait for a loop before those who publish them are not read until half of them are dealt with.
    public var loopBacklog = 10_000

    /// The defaults.
    public init() {}
}
