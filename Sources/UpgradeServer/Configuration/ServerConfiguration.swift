public import Logging
public import UpgradeCore
public import UpgradeProtocol

/// Everything that can be chosen about a server; each default is that of `umd`.
public struct ServerConfiguration: Sendable {
    /// The data folder.
    public var dataFolder: DataFolder
    /// The watched folder; nil means `resources` in the data folder.
    public var resourcesFolder: String?
    /// `--nossl`: plain MQTT, and nobody logs in. Otherwise MQTT over TLS alone, and people log in.
    public var plaintext = false
    /// Where HTTP listens. Port 0 means any free one.
    public var http = ListenAddress(host: "127.0.0.1", port: 5001)
    /// Serves HTTP over TLS, with the certificate of ``tls``.
    public var https = false
    /// A proxy that ends TLS stands in front of HTTP.
    public var behindProxy = false
    /// Names, beside the loopback ones, by which requests may call this server.
    public var httpNames: [String] = []
    /// Where MQTT listens, plain or over TLS.
    public var mqttHost = "127.0.0.1"
    /// The port of plain MQTT, which is open with ``plaintext`` alone. 0 means any free one.
    public var mqttPort = 1883
    /// The port of MQTT over TLS, which is open without ``plaintext`` alone. 0 means any free one.
    public var mqttsPort = 8883
    /// The port of MQTT over WebSocket, with TLS unless ``plaintext``; nil opens none, 0 means any free one. Pages of loopback names and of ``httpNames`` may
    /// connect, and programs that are no browsers.
    public var webSocketPort: Int?
    /// Which certificates there are, and what is asked of gateways' ones.
    public var tls = TLSSettings()
    /// What gateways log in with.
    public var mqttSecret = MQTTSecret.standard
    /// Lets MQTT over TLS listen beyond loopback although gateways log in with the default secret; unknown gateways are then quarantined.
    public var acceptsDefaultSecret = false
    /// What becomes of a gateway that nobody knows; nil means open on loopback, quarantine elsewhere.
    public var newGateways: NewGateways?
    /// How long a gateway may take to confirm an upgrade, from the last delivered attempt.
    public var upgradeTimeout = Duration.seconds(15 * 60)
    /// How long an order waits for a gateway that never comes.
    public var orderExpiry = Duration.seconds(30 * 86_400)
    /// How long events are kept after they happened last.
    public var eventRetention = Duration.seconds(365 * 86_400)
    /// How versions are written to gateways.
    public var wireVersions = VersionStyle.number
    /// The most bytes a second that go out in large transfers; nil means as many as the network takes.
    public var egressLimit: Int?
    /// How long a connection may take no byte before it is closed.
    public var writeStall = Duration.seconds(60)
    /// Hashes people's passwords; only tests choose a cheaper one.
    var hasher = PasswordHasher()
    /// Overrides the safe-start guards.
    public var insecureListen = false
    /// The least level that is logged.
    public var logLevel = Logger.Level.info
    /// How log lines look.
    public var logFormat = LogFormat.text

    /// The defaults, on a data folder.
    public init(dataFolder: DataFolder) {
        self.dataFolder = dataFolder
    }

    /// The one listener of MQTT straight over TCP or TLS that this mode opens.
    var mqtt: ListenAddress { ListenAddress(host: mqttHost, port: plaintext ? mqttPort : mqttsPort) }

    /// Where MQTT over WebSocket listens, if it does.
    var webSocket: ListenAddress? { webSocketPort.map { ListenAddress(host: mqttHost, port: $0) } }

    /// The setting that chooses the port of ``mqtt``.
    var mqttPortSetting: Setting { plaintext ? .mqttPort : .mqttsPort }
}

/// Which certificates a server has, and what it asks of its clients' ones.
public struct TLSSettings: Sendable, Equatable {
    /// A certificate with its chain, and its private key, as PEM files.
    public struct Files: Sendable, Equatable {
        /// The server's certificate, followed by those that lead to its authority.
        public var certificate: String
        /// The certificate's private key, not encrypted.
        public var key: String

        /// A pair of files.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// The server's own; nil means those in the data folder, which are made when there are none.
    public var server: Files?
    /// The authority that signs gateways' certificates (PEM); nil: gateways are not asked for one.
    public var clientAuthority: String?
    /// Accepts keys under 2048 bits and SHA-1 signatures, in own and in clients' certificates.
    public var acceptsLegacy = false

    /// The data folder's certificates, and none asked for.
    public init() {}
}

/// A host name or address and a port to listen on.
public struct ListenAddress: Hashable, Sendable {
    /// A host name, or an IPv4 or IPv6 address without brackets.
    public var host: String
    /// 0 to 65535; 0 means any free port.
    public var port: Int

    /// An address to listen on.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port` as in a URL: an IPv6 address stands in brackets.
    public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// How log lines look.
public enum LogFormat: String, CaseIterable, Sendable {
    /// For people: one line an entry.
    case text
    /// For programs: one JSON object a line.
    case json
}
