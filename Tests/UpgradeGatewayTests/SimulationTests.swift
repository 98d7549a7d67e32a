import GatewaySimulation
import MQTTBroker
import MQTTWire
import Synchronization
import Testing
import UpgradeGateway
import UpgradeProtocol

@Suite("Simulated gateways")
struct SimulationTests {
    @Test("Two hundred in one process come, are upgraded, and go")
    func fleet() async throws {
        try await Cloud.run { cloud in
            let ids = try (1...200).map { try GatewayID("gw-\($0)") }
            var settings = SimulationSettings(
                gatewayIDs: ids, companyID: try CompanyID("2"), port: cloud.port, tls: nil)
            settings.installationTime = .milliseconds(10)
            let fleet = SimulatedFleet(settings)
            let running = Task { try await fleet.run { _, _ in } }
            func reported(_ version: Version) -> Int {
                Set(
                    cloud.heard.all.filter {
                        (try? StatusMessage(decoding: $0.frame.payload))?.version == version
                    }.map(\.topic)
                ).count
            }
            let (old, new) = (try Version("0.5"), try Version("1.2"))
            try await eventually("all are there") { reported(old) == ids.count }
            try await cloud.send(.upgrade, to: nil, "1.2\n")
            try await eventually("all are upgraded") { reported(new) == ids.count }
            running.cancel()
            try await running.value
            try await eventually("all have said goodbye") {
                cloud.events.all.count { if case .disconnected(_, .client) = $0 { true } else { false } } == ids.count
            }
        }
    }

    @Test(
        "An executable is a version as text; an empty one is 0.5",
        arguments: [("1.2", "1.2"), (" 1.2\r\n", "1.2"), ("", "0.5"), ("\n", "0.5")])
    func contents(content: String, version: String) async throws {
        let installer = SimulatedInstaller(duration: .zero)
        #expect(try await installer.install(Executable(Array(content.utf8))) == Version(version))
    }

    @Test(
        "Any other content fails", arguments: ["1.2.3", "Infinity", "\u{7F}ELF", String(repeating: "1", count: 5000)])
    func noVersion(content: String) async throws {
        let installer = SimulatedInstaller(duration: .zero)
        let failure = await #expect(throws: InstallationFailure.self) {
            try await installer.install(Executable(Array(content.utf8)))
        }
        #expect(try #require(failure).version == nil)
    }

    @Test("As many installations fail as asked for")
    func failures() async throws {
        let version = try Version("1.2")
        let never = SimulatedInstaller(duration: .zero, failureRate: 0)
        let always = SimulatedInstaller(duration: .zero, failureRate: 1)
        for _ in 0..<100 {
            #expect(try await never.install(Executable(Array("1.2".utf8))) == version)
            await #expect(throws: InstallationFailure(version: version, reason: "simulated failure")) {
                try await always.install(Executable(Array("1.2".utf8)))
            }
        }
    }

    @Test(
        "A field gateway publishes first, at QoS 0, and subscribes afterwards",
        arguments: [ProtocolVersion.v3_1, .v3_1_1])
    func fieldGateway(version: ProtocolVersion) async throws {
        try await Cloud.run { cloud in
            let id = try GatewayID("gw1")
            let gateway = try FieldGateway(
                gatewayID: id, companyID: try CompanyID("é"), port: cloud.port, mqttVersion: version,
                installationTime: .milliseconds(10), pollInterval: .milliseconds(100))
            let running = Task { try await gateway.run() }
            func subscriptions() -> Int {
                cloud.events.all.count {
                    if case .subscribed(let client, _, _) = $0 { client.clientID.text == "gw1" } else { false }
                }
            }
            try await eventually("it has subscribed") { subscriptions() == 8 }
            try await eventually("it repeats its requests") { cloud.count(of: .requestLatestVersion, from: id) > 2 }
            let requests = cloud.heard.all.filter { $0.topic == .toCloud(.requestLatestVersion, id) }
            #expect(Set(requests.map(\.frame)).count == 1)
            #expect(requests.first?.frame.payload == [0x20])
            #expect(requests.allSatisfy { $0.qos == .atMostOnce })
            // Its STATUS has the CRC of text that is not ASCII: the strict reader of this cloud heard none.
            #expect(cloud.count(of: .status, from: id) == 0)
            try await cloud.send(.latestVersion, to: id, #"{"version":1.2}"#)
            try await eventually("it asks for the latest") { cloud.count(of: .requestUpgrade, from: id) == 1 }
            // A frame that is shorter than it says.
            try await cloud.send(.upgrade, to: id, raw: Frame(timestamp: 0, payload: [1, 2, 3]).encoded().dropLast())
            await #expect(throws: FieldGateway.Crash.self) { try await running.value }
        }
    }
}
