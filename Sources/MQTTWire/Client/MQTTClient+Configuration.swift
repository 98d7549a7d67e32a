extension MQTTClient {
    /// Everything a client needs to know before it connects.
    public struct Configuration: Sendable {
        /// Who acknowledges QoS 1 and 2 messages, and when.
        public enum Acknowledgement: Hashable, Sendable {
            /// The client, once the message was taken from `messages` (or the handler has returned).
            case automatic
            /// The program, by `MQTTMessage.acknowledge()`; what it does not acknowledge the server sends again on a later connection of the session.
            case manual
        }

        /// Name or numeric address of the server.
        public var host: String
        /// The server's port.
        public var port: UInt16
        /// Whom to trust, for a connection over TLS; nil connects without. The server's certificate must name `host`.
        public var tls: TLSClientContext?
        /// The version of MQTT to speak.
        public var version: ProtocolVersion
        /// Names the session; may be empty from 3.1.1 on with `cleanStart`, then the server chooses.
        public var clientID: ClientID
        /// Sent in CONNECT; nil sends none.
        public var userName: String?
        /// Sent in CONNECT; before 5.0 only together with a user name.
        public var password: [UInt8]?
        /// Whether the first connection begins a new session ("clean session" before 5.0). Later connections of this client go on with its session if the server
        /// has kept it: before 5.0 that needs `cleanStart` to be false, in 5.0 `sessionExpiry` to be above zero.
        public var cleanStart: Bool
        /// How long the server keeps the session after the connection has ended, in seconds (5.0); `UInt32.max` is for ever.
        public var sessionExpiry: UInt32
        /// After how much silence the client shows that it is alive; zero turns that off. At most 65,535 s, whole seconds.
        public var keepAlive: Duration
        /// How long the answer to a PINGREQ may take before the connection counts as dead.
        public var pingTimeout: Duration
        /// What the server publishes if the connection ends without DISCONNECT.
        public var will: Will?
        /// Further properties of CONNECT (5.0).
        public var connectProperties: Properties
        /// How long reaching the server, and then its CONNACK, may take, each.
        public var connectTimeout: Duration
        /// When to connect again after a connection was lost.
        public var reconnect: ReconnectPolicy
        /// Whether subscriptions are made again when the server has no session of this client any more.
        public var resubscribes: Bool
        /// Who acknowledges messages.
        public var acknowledgement: Acknowledgement
        /// How many messages wait in `messages` before the client stops reading from the server.
        public var messageBuffer: Int
        /// How many QoS 1 and 2 messages the server may send without an acknowledgement (5.0).
        public var receiveMaximum: UInt16
        /// Whether a server that sends more than that ends its connection, as [MQTT-3.3.4-9] wants. Mosquitto 2.0.11 does at QoS 2; turned off, what is too
        /// much waits like the rest.
        public var enforcesReceiveMaximum: Bool
        /// The largest packet that is accepted, in bytes; a larger one ends the connection.
        public var maximumPacketSize: Int
        /// How many topic aliases the server may use (5.0).
        public var topicAliasMaximum: UInt16
        /// How many publications may wait for the server, or for the connection to come back, before `publish` refuses.
        public var maximumQueuedPublications: Int
        /// Makes who takes the payloads of large messages while they come; nil: memory does.
        package var payloadReceivers: PayloadReceiverFactory?

        /// A configuration with defaults for all but the server and the name.
        ///
        /// - Parameters:
        ///   - host: name or numeric address of the server.
        ///   - port: the server's port.
        ///   - clientID: names the session.
        ///   - version: the version of MQTT to speak.
        public init(host: String, port: UInt16 = 1883, clientID: ClientID, version: ProtocolVersion = .v5_0) {
            self.host = host
            self.port = port
            self.clientID = clientID
            self.version = version
            cleanStart = true
            sessionExpiry = 0
            keepAlive = .seconds(60)
            pingTimeout = .seconds(10)
            connectProperties = Properties()
            connectTimeout = .seconds(10)
            reconnect = .exponential()
            resubscribes = true
            acknowledgement = .automatic
            messageBuffer = 64
            receiveMaximum = 64
            enforcesReceiveMaximum = true
            maximumPacketSize = MQTTLimits.maximumFixedHeaderLength + MQTTLimits.maximumVariableByteInteger
            topicAliasMaximum = 0
            maximumQueuedPublications = 1024
        }
    }
}
