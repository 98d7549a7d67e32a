import Glibc
import Logging
import MQTTBroker
import MQTTWire

extension Operation {
    static let deliveries: [Operation] = [
        Operation("50 messages of QoS 0 through the broker", count: 100) { Wire.atMostOnce.deliver() },
        Operation("50 messages of QoS 1 through the broker", count: 100) { Wire.atLeastOnce.deliver() },
        Operation("50 of QoS 0 past 9,000 filters", count: 100) { Wire.amongFilters.deliver() },
        Operation("50 of QoS 0 past 1,000 wildcards too", count: 100) { Wire.amongWildcards.deliver() },
    ]
}

/// A broker with one loop, a publisher and a subscriber over loopback, MQTT 3.1.1, where all answers have known lengths.
///
/// The broker's subscriptions are its own, so that looking for them is measured as the difference that they make to a delivery.
private final class Wire: Sendable {
    // Made when they are needed, since that takes longer than what is measured.
    static let atMostOnce = made("broker") { try Wire(.atMostOnce) }
    static let atLeastOnce = made("broker") { try Wire(.atLeastOnce) }
    static let amongFilters = made("broker") { try Wire(.atMostOnce, filters: filters) }
    static let amongWildcards = made("broker") { try Wire(.atMostOnce, filters: filters + wildcards) }

    private static let messages = 50
    private static let filters = (0..<3000).flatMap { number in
        ["UPGRADE", "LATEST_VERSION", "AVAILABLE_VERSIONS"].map { "TOCLOUD/\($0)/gateway-\(number)" }
    }
    private static let wildcards = (0..<1000).map { "+/STATUS/gateway-\($0)/#" }

    private let broker: Broker
    private let publisher: Int32
    private let subscriber: Int32
    private let qos: QoS
    private let published: [UInt8]

    init(_ qos: QoS, filters: [String] = []) throws {
        var limits = Limits()
        limits.subscriptionsPerSession = filters.count + 1
        broker = Broker(
            configuration: BrokerConfiguration(
                listeners: [BrokerConfiguration.Listener(port: 0)], loops: 1, limits: limits),
            hooks: Hooks(authenticate: { _, _ in .allow(as: ClientIdentity(rawValue: "")) }),
            logger: Logger(label: "operations") { _ in SwiftLogNoOpLogHandler() })
        guard let port = try broker.start().first?.port else { fatalError("no listener") }
        let toServer = PacketContext(version: .v3_1_1, direction: .toServer)
        func connect(_ name: String) throws -> Int32 {
            let descriptor = connectedSocket(to: port)
            send(try Connect(clientID: ClientID(name)).encoded(in: toServer), to: descriptor)
            receive(4, from: descriptor)
            return descriptor
        }
        (publisher, subscriber) = (try connect("publisher"), try connect("subscriber"))
        let topic = try TopicName("TOCLOUD/STATUS/gateway-0001")
        for filter in [topic.text] + filters {
            let subscription = Subscription(try TopicFilter(filter), SubscriptionOptions(qos))
            send(
                try Subscribe(packetID: .first, subscriptions: [subscription]).encoded(in: toServer), to: subscriber)
            receive(5, from: subscriber)
        }
        var published: [UInt8] = []
        for number in 1...UInt16(Self.messages) {
            let head = PublishHead(
                flags: PublishFlags(qos: qos), topic: topic,
                packetID: qos == .atMostOnce ? nil : try PacketID(number))
            try Publish(head: head, payload: Bytes.hundred).encode(in: toServer, into: &published)
        }
        self.qos = qos
        self.published = published
    }

    /// All messages are sent at once, and then taken; those of QoS 1 are acknowledged on both sides.
    func deliver() {
        send(published, to: publisher)
        // What goes out is as long as what came in.
        let received = receive(published.count, from: subscriber)
        guard qos == .atLeastOnce else { return }
        var acknowledgements: [UInt8] = []
        for start in stride(from: 0, to: received.count, by: received.count / Self.messages) {
            // A fixed header of three bytes, then the topic and its length.
            let packetID = start + 3 + 2 + Int(received[start + 4])
            acknowledgements += [0x40, 2, received[packetID], received[packetID + 1]]
        }
        send(acknowledgements, to: subscriber)
        receive(4 * Self.messages, from: publisher)
    }
}

private func connectedSocket(to port: UInt16) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafeBytes(of: &address) { bytes in
        bytes.withMemoryRebound(to: sockaddr.self) {
            connect(descriptor, $0.baseAddress, socklen_t(bytes.count))
        }
    }
    guard result == 0 else { fatalError("no connection to port \(port)") }
    return descriptor
}

private func send(_ bytes: [UInt8], to descriptor: Int32) {
    let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    guard count == bytes.count else { fatalError("\(count) of \(bytes.count) bytes were sent") }
}

@discardableResult
private func receive(_ count: Int, from descriptor: Int32) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = recv(descriptor, buffer.baseAddress, count, Int32(MSG_WAITALL))
        guard initialized == count else { fatalError("\(initialized) of \(count) bytes came") }
    }
}
