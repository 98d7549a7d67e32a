public import MQTTWire
public import UpgradeProtocol

/// Everything a gateway needs to know before it connects. Only who it is, which version runs and where the server is have no default.
public struct GatewayConfiguration: Sendable {
    /// What a gateway does about versions that it hears of.
    public enum DownloadPolicy: Hashable, Sendable {
        /// Nothing, until the program calls ``GatewayAgent/requestDownload(of:)``.
        case onDemand
        /// It asks for every latest version that it neither runs nor was given to keep, as gateways in the field do.
        case requestDownloadOfLatest
    }

    /// The name it goes by: the last level of its topics, and its MQTT client id.
    public var gatewayID: GatewayID
    /// The company that it says it belongs to.
    public var companyID: CompanyID
    /// The version that runs. With a ``stateFile`` that has been written before, what stands there counts instead.
    public var version: Version
    /// Name or numeric address of the server.
    public var host: String
    /// The server's port.
    public var port: UInt16
    /// How the server's certificate is verified; nil: plain MQTT, which everyone on the way can read and change.
    public var tls: TLSClientContext?
    /// The version of MQTT to speak.
    public var mqttVersion: ProtocolVersion
    /// The user name to log in with.
    public var userName: String
    /// The password to log in with; in no event, error or log line.
    public var password: String
    /// After how much silence the gateway shows that it is alive; whole seconds.
    public var keepAlive: Duration
    /// How often it asks again for the latest and the available versions; zero: only when it connects.
    public var pollInterval: Duration
    /// When it connects again.
    public var reconnect: ReconnectPolicy
    /// What it does about versions that it hears of.
    public var downloads: DownloadPolicy
    /// Where version and time of the last upgrade survive a restart; nil: nowhere.
    public var stateFile: StateFile?
    /// The event loop to live on; nil: one that all such clients of the process share.
    public var loop: EventLoop?
    /// Makes who takes executables while they come; nil: memory does.
    package var payloadReceivers: PayloadReceiverFactory?

    /// A configuration with the defaults of gateways in the field: user `user`, password `password`, a keep-alive of 30 s, a poll every 60 s.
    ///
    /// ```swift
    /// let tls = try TLSClientContext(trust: .authority(file: "/etc/gateway/ca.crt"))
    /// var configuration = GatewayConfiguration(
    ///     gatewayID: try GatewayID("gw2"), companyID: try CompanyID("2"), version: try Version("0.5"),
    ///     host: "upgrades.example.com", tls: tls)
    /// ```
    ///
    /// - Parameters:
    ///   - gatewayID: the name it goes by.
    ///   - companyID: the company that it says it belongs to.
    ///   - version: the version that runs.
    ///   - host: name or numeric address of the server; its certificate must have it.
    ///   - port: the server's port; nil: 8883 with TLS, 1883 without.
    ///   - tls: how the server's certificate is verified; nil: plain MQTT. It has no default, so that nobody goes without by oversight.
    public init(
        gatewayID: GatewayID, companyID: CompanyID, version: Version, host: String = "127.0.0.1", port: UInt16? = nil,
        tls: TLSClientContext?
    ) {
        self.gatewayID = gatewayID
        self.companyID = companyID
        self.version = version
        self.host = host
        self.port = port ?? (tls == nil ? 1883 : 8883)
        self.tls = tls
        mqttVersion = .v5_0
        userName = "user"
        password = "password"
        keepAlive = .seconds(30)
        pollInterval = .seconds(60)
        reconnect = .exponential()
        downloads = .onDemand
    }
}

extension MQTTClient.Configuration {
    /// The client of a gateway. Its sessions are clean: an executable must not outlive its connection, and everything else is asked for anew.
    init(_ gateway: GatewayConfiguration) throws(PacketError) {
        self.init(
            host: gateway.host, port: gateway.port, clientID: try ClientID(gateway.gatewayID.rawValue),
            version: gateway.mqttVersion)
        tls = gateway.tls
        userName = gateway.userName
        password = Array(gateway.password.utf8)
        keepAlive = gateway.keepAlive
        reconnect = gateway.reconnect
        // The agent subscribes on every connection itself, because it announces itself only when that is done.
        resubscribes = false
        payloadReceivers = gateway.payloadReceivers
    }
}
