import Logging
import MQTTBroker
import MQTTWire
import Synchronization
import Testing
import UpgradeProtocol

/// The cloud's side of a test: a broker on a free port and a client that hears and says what the cloud does.
final class Cloud: Sendable {
    /// What a gateway published.
    struct Heard: Sendable {
        let topic: Topic
        let qos: QoS
        let frame: Frame
    }

    /// Everything that gateways published with a right frame, in order.
    let heard = Recorder<Heard>()
    /// What the broker saw.
    let events: Recorder<BrokerEvent>
    let port: UInt16
    private let client: MQTTClient

    /// Runs the broker for as long as the closure takes.
    static func run(password: String? = nil, _ body: (Cloud) async throws -> Void) async throws {
        let events = Recorder<BrokerEvent>()
        var hooks = Hooks(observe: { events.record($0) })
        if let password {
            hooks.authenticate = { request, _ in
                request.userName == "cloud" || request.password == Array(password.utf8)
                    ? .allow() : .refuse(.badUserNameOrPassword)
            }
        }
        let broker = Broker(
            configuration: BrokerConfiguration(listeners: [.init(port: 0)], loops: 1), hooks: hooks,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let port = try #require(try broker.start().first?.port)
        do {
            let cloud = try await Cloud(port: port, events: events)
            try await body(cloud)
        } catch {
            await broker.stop()
            throw error
        }
        await broker.stop()
    }

    private init(port: UInt16, events: Recorder<BrokerEvent>) async throws {
        self.port = port
        self.events = events
        var settings = MQTTClient.Configuration(host: "127.0.0.1", port: port, clientID: try ClientID("cloud"))
        settings.userName = "cloud"
        let heard = heard
        client = try MQTTClient(settings) { message in
            guard let topic = try? Topic(parsing: message.topic.text),
                let frame = try? Frame(decoding: [UInt8](message.payload))
            else { return }
            heard.record(Heard(topic: topic, qos: message.qos, frame: frame))
        }
        try await client.connect()
        try await client.subscribe(to: try TopicFilter("TOCLOUD/#"), qos: .exactlyOnce)
    }

    /// Publishes a frame.
    func send(_ verb: CloudVerb, to gateway: GatewayID?, _ body: [UInt8], retain: Bool = false) async throws {
        let frame = Frame(timestamp: 1_466_000_000, payload: body)
        try await send(verb, to: gateway, raw: frame.encoded(), retain: retain)
    }

    func send(_ verb: CloudVerb, to gateway: GatewayID?, _ body: String) async throws {
        try await send(verb, to: gateway, Array(body.utf8))
    }

    /// Publishes bytes that need not be a frame.
    func send(_ verb: CloudVerb, to gateway: GatewayID?, raw: [UInt8], retain: Bool = false) async throws {
        let topic = try TopicName(Topic.toGateway(verb, gateway).name)
        try await client.publish(MQTTPublication(topic: topic, payload: raw, qos: .atLeastOnce, retain: retain))
    }

    /// Every STATUS of a gateway so far.
    func statuses(of gateway: GatewayID) -> [StatusMessage] {
        heard.all.filter { $0.topic == .toCloud(.status, gateway) }
            .compactMap { try? StatusMessage(decoding: $0.frame.payload) }
    }

    /// How often a gateway asked for something.
    func count(of verb: GatewayVerb, from gateway: GatewayID) -> Int {
        heard.all.count { $0.topic == .toCloud(verb, gateway) }
    }

    /// Waits until a gateway has reported a version; the cloud may send to it from then on.
    @discardableResult
    func awaitStatus(
        of gateway: GatewayID, _ version: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> StatusMessage {
        let version = try Version(version)
        return try await awaited("\(gateway) reports \(version)", sourceLocation: sourceLocation) {
            statuses(of: gateway).last { $0.version == version }
        }
    }

    /// Ends a gateway's connection, by taking over its client id for a moment.
    func cutOff(_ gateway: GatewayID) async throws {
        let client = try MQTTClient(
            .init(host: "127.0.0.1", port: port, clientID: try ClientID(gateway.rawValue)).loggedIn)
        try await client.connect()
        await client.disconnect()
    }
}

extension MQTTClient.Configuration {
    fileprivate var loggedIn: Self {
        var copy = self
        copy.userName = "cloud"
        return copy
    }
}
