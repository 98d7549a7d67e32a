import MQTTWire
import UpgradeProtocol
import UpgradeServer

/// A client of the server's broker.
func withClient<Result: Sendable>(
    _ id: String, of server: Server.Endpoints, version: ProtocolVersion = .v3_1_1, userName: String? = "user",
    password: String? = "password", will: Will? = nil, keepsSession: Bool = false,
    _ body: (MQTTClient) async throws -> Result
) async throws -> Result {
    var configuration = MQTTClient.Configuration(
        host: server.mqtt.host, port: UInt16(server.mqtt.port), clientID: try ClientID(id), version: version)
    configuration.userName = userName
    configuration.password = password.map { Array($0.utf8) }
    configuration.will = will
    if keepsSession { (configuration.cleanStart, configuration.sessionExpiry) = (false, 1000) }
    configuration.reconnect = .never
    return try await MQTTClient.withConnection(configuration, body)
}

/// A STATUS as a field gateway sends it.
func statusFrame(company: String = "2", version: String = "0.5") -> [UInt8] {
    let body = #"{"companyId":"\#(company)","version":"\#(version)","timestamp":1466000000123}"#
    return Frame(timestamp: 1_466_000_000, payload: Array(body.utf8)).encoded()
}

extension MQTTClient {
    /// Publishes a STATUS, and returns once it is acknowledged.
    func reportStatus(_ id: String, company: String = "2", version: String = "0.5") async throws {
        try await publish(
            MQTTPublication(
                topic: try TopicName("TOCLOUD/STATUS/\(id)"), payload: statusFrame(company: company, version: version),
                qos: .atLeastOnce))
    }
}
