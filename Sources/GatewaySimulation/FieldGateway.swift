import FoundationEssentials
public import MQTTWire
public import UpgradeProtocol

/// A gateway with the habits of those in the field, which cannot be changed: what the cloud's side has to get along with.
///
/// It speaks 3.1.1 with a clean session; it publishes STATUS and both requests at QoS 0 first and only then sends its eight SUBSCRIBE packets; it puts its
/// version in quotes and one space where nothing is meant; it computes the CRC over the low bytes of UTF-16 code units; it repeats both requests as the same
/// bytes; it asks for every latest version it hears of; it takes an empty executable for 0.5; it does not look at a CRC, and dies of a frame that is shorter than
/// its header says.
public actor FieldGateway {
    /// What a frame that was too short did to it.
    public struct Crash: Error, Sendable {
        /// The length that the frame's header claims.
        public let claimedLength: Int32
    }

    private let gatewayID: GatewayID
    private let companyID: CompanyID
    private let installationTime: Duration
    private let pollInterval: Duration
    private let client: MQTTClient
    private var version = "0.5"
    private var requests: [MQTTPublication] = []

    /// A gateway that is not connected yet.
    ///
    /// - Parameters:
    ///   - gatewayID: the name it goes by.
    ///   - companyID: the company that it says it belongs to.
    ///   - port: the server's port, on loopback.
    ///   - mqttVersion: 3.1.1, or 3.1 as the oldest speak.
    ///   - installationTime: how long an installation takes.
    ///   - pollInterval: how often it repeats its requests.
    /// - Throws: `MQTTClientError` or `PacketError` when there can be no such client.
    public init(
        gatewayID: GatewayID, companyID: CompanyID, port: UInt16, mqttVersion: ProtocolVersion = .v3_1_1,
        installationTime: Duration = .seconds(10), pollInterval: Duration = .seconds(60)
    ) throws {
        self.gatewayID = gatewayID
        self.companyID = companyID
        self.installationTime = installationTime
        self.pollInterval = pollInterval
        var settings = MQTTClient.Configuration(
            host: "127.0.0.1", port: port, clientID: try ClientID(gatewayID.rawValue), version: mqttVersion)
        settings.userName = "user"
        settings.password = Array("password".utf8)
        settings.keepAlive = .seconds(30)
        settings.resubscribes = false
        client = try MQTTClient(settings)
    }

    /// Is the gateway until the task is cancelled; connects again when the connection is lost.
    ///
    /// - Parameter onMessage: hears what arrives: the topic, and what follows the frame's header.
    /// - Throws: ``Crash``.
    public func run(onMessage: @escaping @Sendable (Topic, [UInt8]) -> Void = { _, _ in }) async throws {
        client.start()
        try await withThrowingTaskGroup { group in
            group.addTask { await self.greetAtEveryConnection() }
            group.addTask { await self.poll() }
            for await message in client.messages {
                guard let topic = try? Topic(parsing: message.topic.text) else { continue }
                let body = try Self.body(of: [UInt8](message.payload))
                onMessage(topic, body)
                group.addTask { await self.answer(topic, body) }
            }
            group.cancelAll()
        }
        await client.disconnect()
    }

    private func greetAtEveryConnection() async {
        for await state in client.states {
            guard case .connected = state else { continue }
            // Whatever fails here fails because the connection is gone; there will be another.
            try? await greet()
        }
    }

    private func greet() async throws {
        requests = [
            try publication(.requestLatestVersion, " "), try publication(.requestAvailableVersions, " "),
        ]
        try await client.publish(try status())
        for request in requests { try await client.publish(request) }
        for topic in Topic.subscriptions(of: gatewayID) {
            try await client.subscribe(to: try TopicFilter(topic.name), qos: .atLeastOnce)
        }
    }

    private func poll() async {
        while (try? await Task.sleep(for: pollInterval)) != nil {
            for request in requests { try? await client.publish(request) }
        }
    }

    private func answer(_ topic: Topic, _ body: [UInt8]) async {
        guard case .toGateway(let verb, _) = topic else { return }
        switch verb {
        case .latestVersion:
            guard let message = try? LatestVersionMessage(decoding: body) else { return }
            let request = String(decoding: UpgradeRequestMessage(version: message.version).encoded(), as: UTF8.self)
            try? await client.publish(publication(.requestUpgrade, request))
        case .upgrade:
            guard (try? await Task.sleep(for: installationTime)) != nil else { return }
            version = body.isEmpty ? "0.5" : String(decoding: body, as: UTF8.self)
            try? await client.publish(status())
        case .availableVersions, .downloadUpgrade: break
        }
    }

    // MARK: Frames

    private func status() throws -> MQTTPublication {
        try publication(
            .status,
            "{\"companyId\":\"\(companyID)\",\"version\":\"\(version)\",\"timestamp\":\(Self.now)}")
    }

    private func publication(_ verb: GatewayVerb, _ text: String) throws -> MQTTPublication {
        let header = FrameHeader(
            timestamp: FrameHeader.timestamp(unixSeconds: Self.now / 1000),
            payloadLength: UInt32(text.utf8.count),
            payloadCRC: CRC32.checksum(of: text.utf16.map { UInt8(truncatingIfNeeded: $0) }))
        return MQTTPublication(
            topic: try TopicName(Topic.toCloud(verb, gatewayID).name), payload: header.encoded() + text.utf8)
    }

    /// Milliseconds since 1970.
    private static var now: Int64 {
        Int64(Date().timeIntervalSince1970 * 1000)
    }

    private static func body(of frame: [UInt8]) throws -> [UInt8] {
        let header = try FrameHeader(decoding: frame.span)
        let length = Int32(bitPattern: header.payloadLength)
        let body = frame.dropFirst(ProtocolLimits.frameHeaderLength)
        guard length <= body.count else { throw Crash(claimedLength: length) }
        return Array(body.prefix(max(0, Int(length))))
    }
}
