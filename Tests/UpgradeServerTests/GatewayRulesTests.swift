import MQTTWire
import Testing
import UpgradeProtocol
import UpgradeServer

@Suite("What a gateway may do over MQTT")
struct GatewayRulesTests {
    static let versions: [ProtocolVersion] = [.v3_1_1, .v5_0]

    @Test("It subscribes to the eight topics of its own, and to nothing else", arguments: versions)
    func subscriptions(version: ProtocolVersion) async throws {
        try await withServer { server in
            let id = try GatewayID("gw2")
            try await withClient("gw2", of: server, version: version) { client in
                for topic in Topic.subscriptions(of: id) {
                    #expect(try await client.subscribe(to: try TopicFilter(topic.name)) == .atLeastOnce)
                }
                let refused = [
                    "#", "+", "TOGATEWAY/#", "TOGATEWAY/+", "TOGATEWAY/UPGRADE/+", "TOGATEWAY/UPGRADE/#",
                    "TOGATEWAY/UPGRADE/gw3", "TOGATEWAY/+/gw2", "TOCLOUD/STATUS/gw2", "TOCLOUD/#",
                    "$share/g/TOGATEWAY/UPGRADE", "$SYS/#", "TOGATEWAY/OTHER", "other",
                ]
                for filter in refused {
                    let filter = try TopicFilter(filter, version: version)
                    let code: ReasonCode = version == .v5_0 ? .notAuthorized : .unspecifiedError
                    await #expect(throws: MQTTClientError.subscriptionsRefused([filter: code])) {
                        try await client.subscribe(to: filter)
                    }
                }
            }
        }
    }

    @Test("It publishes to its own four topics; what else it says is refused and has no effect", arguments: versions)
    func publications(version: ProtocolVersion) async throws {
        try await withServer { server in
            try await withClient("gw2", of: server, version: version) { client in
                for verb in GatewayVerb.allCases {
                    try await client.publish(
                        MQTTPublication(
                            topic: try TopicName("TOCLOUD/\(verb.rawValue)/gw2"), payload: statusFrame(),
                            qos: .atLeastOnce))
                }
                let refused = [
                    ("TOCLOUD/STATUS/gw3", false), ("TOCLOUD/STATUS/gw2", true), ("TOCLOUD/OTHER/gw2", false),
                    ("TOCLOUD/STATUS", false), ("TOGATEWAY/UPGRADE", false), ("TOGATEWAY/UPGRADE/gw2", false),
                    ("other", false), ("$SYS/x", false),
                ]
                for (topic, retain) in refused {
                    let publication = MQTTPublication(
                        topic: try TopicName(topic), payload: statusFrame(company: "9"), qos: .atLeastOnce,
                        retain: retain)
                    if version == .v5_0 {
                        await #expect(throws: MQTTClientError.publishRefused(.notAuthorized, reason: nil)) {
                            try await client.publish(publication)
                        }
                    } else {
                        // MQTT 3 has no word for it: acknowledged and dropped.
                        try await client.publish(publication)
                    }
                }
                let gateways = try await server.send("GET", "/api/v1/gateways")
                #expect(try gateways.member("total") == "1")
                let companies = try await server.send("GET", "/api/v1/companies")
                #expect(!companies.body.contains("\"9\""))
            }
        }
    }

    @Test("An id that only looks like it is another gateway's", arguments: versions)
    func lookAlikes(version: ProtocolVersion) async throws {
        // The Kelvin sign and the letter; composed and decomposed; Ohm sign and omega. `String` takes each pair for the same.
        let pairs = [("K1", "\u{212A}1"), ("gw\u{E9}", "gwe\u{301}"), ("\u{2126}1", "\u{3A9}1")]
        try await withServer { server in
            for (id, lookAlike) in pairs {
                #expect(id == lookAlike)
                try await withClient(id, of: server, version: version) { try await $0.reportStatus(id) }
                try await withClient(lookAlike, of: server, version: version) { client in
                    await #expect(throws: MQTTClientError.self) {
                        try await client.subscribe(to: try TopicFilter("TOGATEWAY/UPGRADE/\(id)"))
                    }
                    let own = try TopicFilter("TOGATEWAY/UPGRADE/\(lookAlike)")
                    #expect(try await client.subscribe(to: own) == .atLeastOnce)
                    try? await client.reportStatus(id, version: "9.9")
                }
                // The clients of two ids do not take each other's place.
                try await withClient(id, of: server, version: version) { client in
                    try await withClient(lookAlike, of: server, version: version) { _ in }
                    try await client.reportStatus(id)
                }
            }
            let fleet = try await server.send("GET", "/api/v1/gateways")
            #expect(try fleet.member("total") == "\(pairs.count)")
            #expect(!fleet.body.contains("\"version\":9.9"))
        }
    }

    @Test("It logs in with the shared user name and password and a gateway id", arguments: versions)
    func connects(version: ProtocolVersion) async throws {
        try await withServer { server in
            let refused: [(id: String, user: String?, password: String?, code: ReasonCode)] = [
                ("gw2", "user", "wrong", .badUserNameOrPassword), ("gw2", "User", "password", .badUserNameOrPassword),
                ("gw2", "user", nil, .badUserNameOrPassword), ("gw2", nil, nil, .badUserNameOrPassword),
                ("gw2", "user", "", .badUserNameOrPassword), ("a/b", "user", "password", .clientIdentifierNotValid),
                ("$x", "user", "password", .clientIdentifierNotValid),
                (" x", "user", "password", .clientIdentifierNotValid),
                ("", "user", "password", .clientIdentifierNotValid),
                (String(repeating: "x", count: 129), "user", "password", .clientIdentifierNotValid),
            ]
            for attempt in refused {
                let error = await #expect(throws: MQTTClientError.self) {
                    try await withClient(
                        attempt.id, of: server, version: version, userName: attempt.user, password: attempt.password
                    ) { _ in }
                }
                #expect(error == .refused(attempt.code, reason: nil), "\(attempt)")
            }
            try await withClient("gw2", of: server, version: version) { _ in }
        }
    }

    @Test("What is longer than any message ends the connection; a message that is too long is counted")
    func longMessages() async throws {
        try await withServer { server in
            let topic = try TopicName("TOCLOUD/STATUS/gw2")
            try await withClient("gw2", of: server) { client in
                try await client.reportStatus("gw2")
                let long = [UInt8](repeating: 0, count: ProtocolLimits.messageLength + 12)
                try await client.publish(MQTTPublication(topic: topic, payload: long, qos: .atLeastOnce))
                try await eventually("it is counted") {
                    try await server.send("GET", "/api/v1/gateways/gw2").member("badFrames") == "1"
                }
                await #expect(throws: MQTTClientError.self) {
                    try await client.publish(MQTTPublication(topic: topic, payload: long + long, qos: .atLeastOnce))
                }
            }
        }
    }

    @Test("Another secret takes the place of the default one")
    func ownSecret() async throws {
        try await withServer(configuredBy: { $0.mqttSecret = MQTTSecret(username: "fleet", password: [0, 255]) }) {
            server in
            await #expect(throws: MQTTClientError.self) { try await withClient("gw2", of: server) { _ in } }
        }
    }

    @Test("A disabled gateway is disconnected and refused until it is enabled", arguments: versions)
    func disabled(version: ProtocolVersion) async throws {
        try await withServer { server in
            try await withClient("gw2", of: server, version: version) { client in
                try await client.reportStatus("gw2")
                let states = client.states
                #expect(try await server.send("POST", "/api/v1/gateways/gw2/disable").status == 200)
                for await state in states {
                    if case .connected = state { continue }
                    break
                }
            }
            await #expect(throws: MQTTClientError.refused(.notAuthorized, reason: nil)) {
                try await withClient("gw2", of: server, version: version) { _ in }
            }
            #expect(try await server.send("POST", "/api/v1/gateways/gw2/enable").status == 200)
            try await withClient("gw2", of: server, version: version) { _ in }
        }
    }
}
