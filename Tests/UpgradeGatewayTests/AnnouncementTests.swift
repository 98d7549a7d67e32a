import MQTTBroker
import MQTTWire
import Synchronization
import Testing
import UpgradeGateway
import UpgradeProtocol

@Suite("What a gateway says when it comes, stays and goes")
struct AnnouncementTests {
    @Test("It subscribes first, then sends STATUS at QoS 1 and both requests")
    func announcement() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud)
            try await gateway.whileRunning {
                try await eventually("the announcement is complete") {
                    cloud.count(of: .requestAvailableVersions, from: gateway.id) == 1
                }
                #expect(
                    cloud.heard.all.map(\.topic) == [
                        .toCloud(.status, gateway.id), .toCloud(.requestLatestVersion, gateway.id),
                        .toCloud(.requestAvailableVersions, gateway.id),
                    ])
                let status = try #require(cloud.statuses(of: gateway.id).first)
                #expect(status == StatusMessage(companyID: try CompanyID("2"), version: try Version("0.5")))
                #expect(cloud.heard.all.first?.qos == .atLeastOnce)
                #expect(cloud.heard.all.dropFirst().allSatisfy { $0.frame.payload.isEmpty })
                // The broker saw all eight subscriptions before it handed the STATUS on.
                let subscribed = cloud.events.all.count {
                    if case .subscribed(let client, _, _) = $0 { client.clientID.text == "gw1" } else { false }
                }
                #expect(subscribed == 8)
            }
        }
    }

    @Test("It repeats its requests, and tells what the answers say")
    func polls() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud) { $0.pollInterval = .milliseconds(50) }
            try await gateway.whileRunning {
                try await eventually("it asks again and again") {
                    cloud.count(of: .requestLatestVersion, from: gateway.id) > 2
                        && cloud.count(of: .requestAvailableVersions, from: gateway.id) > 2
                }
                #expect(cloud.count(of: .status, from: gateway.id) == 1)
                try await cloud.send(.latestVersion, to: gateway.id, #"{"version":"1.2"}"#)
                try await cloud.send(.availableVersions, to: nil, #"{"versions":[1.2,1]}"#)
                let versions = [try Version("1.2"), try Version("1")]
                try await eventually("both answers are told") {
                    gateway.events.all.contains(.latestVersion(versions[0]))
                        && gateway.events.all.contains(.availableVersions(versions))
                }
            }
        }
    }

    @Test("It says goodbye when it is cancelled")
    func goodbye() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud)
            try await gateway.whileRunning { try await cloud.awaitStatus(of: gateway.id, "0.5") }
            let cause = try await awaited("the broker saw it go") {
                cloud.events.all.compactMap {
                    if case .disconnected(let client, let cause) = $0, client.clientID.text == "gw1" {
                        cause
                    } else {
                        nil
                    }
                }.first
            }
            #expect(cause == .client)
            await #expect(throws: GatewayError.alreadyRun) { try await gateway.agent.run() }
        }
    }

    @Test("It connects and announces itself again after a lost connection")
    func reconnects() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud)
            try await gateway.whileRunning {
                try await cloud.awaitStatus(of: gateway.id, "0.5")
                try await cloud.cutOff(gateway.id)
                try await eventually("it announces itself again") {
                    cloud.count(of: .requestAvailableVersions, from: gateway.id) >= 2
                }
                try await cloud.send(.upgrade, to: gateway.id, "1.2")
                try await cloud.awaitStatus(of: gateway.id, "1.2")
            }
        }
    }

    @Test("A wrong password is told, and is tried again", arguments: [ProtocolVersion.v3_1_1, .v5_0])
    func wrongPassword(mqttVersion: ProtocolVersion) async throws {
        try await Cloud.run(password: "right") { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud) {
                $0.mqttVersion = mqttVersion
                $0.password = "wrong"
            }
            try await gateway.whileRunning {
                try await eventually("it was refused twice") { gateway.events.all.count(where: Self.isRefusal) >= 2 }
            }
            let lines = gateway.events.all.map(\.description)
            #expect(lines.filter { $0.contains("wrong") }.isEmpty)
            #expect(cloud.heard.all.isEmpty)
        }
    }

    private static func isRefusal(_ event: GatewayEvent) -> Bool {
        guard case .disconnected(let error, wasConnected: false, retryAfter: .some) = event else { return false }
        return error == .refused(.badUserNameOrPassword, reason: nil)
    }
}
