public import MQTTWire
import UpgradeGateway
public import UpgradeProtocol

/// What a fleet of simulated gateways is like.
public struct SimulationSettings: Sendable {
    /// Who they are.
    public var gatewayIDs: [GatewayID]
    /// The company that they all belong to.
    public var companyID: CompanyID
    /// Name or numeric address of the server.
    public var host = "127.0.0.1"
    /// The server's port.
    public var port: UInt16
    /// How they verify the server's certificate, shared by all; nil: plain MQTT.
    public var tls: TLSClientContext?
    /// The version of MQTT that they speak.
    public var mqttVersion = ProtocolVersion.v3_1_1
    /// The user name that they log in with.
    public var userName = "user"
    /// The password that they log in with.
    public var password = "password"
    /// How long an installation takes.
    public var installationTime: Duration = .seconds(10)
    /// Which part of the installations fails, 0 to 1.
    public var failureRate = 0.0
    /// How often they ask for the latest and the available versions; zero: only when they connect.
    public var pollInterval: Duration = .seconds(60)

    /// Gateways with the defaults of those in the field.
    ///
    /// - Parameters:
    ///   - gatewayIDs: who they are.
    ///   - companyID: the company that they all belong to.
    ///   - port: the server's port.
    ///   - tls: how they verify the server's certificate; nil: plain MQTT.
    public init(gatewayIDs: [GatewayID], companyID: CompanyID, port: UInt16, tls: TLSClientContext?) {
        self.gatewayIDs = gatewayIDs
        self.companyID = companyID
        self.port = port
        self.tls = tls
    }

    /// The gateway with this id. Every simulated gateway starts at version 0.5.
    func gateway(_ id: GatewayID, on loop: EventLoop) throws(VersionError) -> GatewayConfiguration {
        var gateway = GatewayConfiguration(
            gatewayID: id, companyID: companyID, version: try Version("0.5"), host: host, port: port, tls: tls)
        gateway.mqttVersion = mqttVersion
        gateway.userName = userName
        gateway.password = password
        gateway.pollInterval = pollInterval
        gateway.downloads = .requestDownloadOfLatest
        gateway.loop = loop
        // People watch this: it comes back soon. A whole fleet together tries some hundred times a second.
        gateway.reconnect = .exponential(maximumDelay: .milliseconds(max(5000, 2 * gatewayIDs.count)))
        return gateway
    }
}
