import Testing
import UpgradeGateway
import UpgradeProtocol

@Suite("DOWNLOAD_UPGRADE")
struct DownloadTests {
    @Test("A gateway that wants the latest asks for it once, keeps it, and installs it later")
    func keepsTheLatest() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud) { $0.downloads = .requestDownloadOfLatest }
            try await gateway.whileRunning {
                try await cloud.awaitStatus(of: gateway.id, "0.5")
                for _ in 0..<2 { try await cloud.send(.latestVersion, to: gateway.id, #"{"version":1.2}"#) }
                try await eventually("it asks") { cloud.count(of: .requestUpgrade, from: gateway.id) == 1 }
                let request = try #require(
                    cloud.heard.all.first { $0.topic == .toCloud(.requestUpgrade, gateway.id) })
                #expect(try UpgradeRequestMessage(decoding: request.frame.payload).version == Version("1.2"))

                try await cloud.send(.downloadUpgrade, to: gateway.id, "1.2")
                let kept = try await awaited("it is kept") { gateway.kept.all.first }
                #expect(kept.requestedVersion == (try Version("1.2")))
                #expect(kept.elementsEqual("1.2".utf8))
                #expect(gateway.installed.all.isEmpty)

                try await cloud.send(.latestVersion, to: gateway.id, #"{"version":1.2}"#)
                gateway.agent.install(kept)
                try await cloud.awaitStatus(of: gateway.id, "1.2")
                #expect(cloud.count(of: .requestUpgrade, from: gateway.id) == 1)
            }
        }
    }

    @Test("What it runs already it does not ask for")
    func knowsWhatItRuns() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud) { $0.downloads = .requestDownloadOfLatest }
            try await gateway.whileRunning {
                try await cloud.awaitStatus(of: gateway.id, "0.5")
                try await cloud.send(.latestVersion, to: gateway.id, #"{"version":0.5}"#)
                try await cloud.send(.latestVersion, to: gateway.id, #"{"version":1.2}"#)
                try await eventually("it asks for the other") { cloud.count(of: .requestUpgrade, from: gateway.id) > 0 }
            }
            #expect(cloud.count(of: .requestUpgrade, from: gateway.id) == 1)
        }
    }

    @Test("By itself it asks for nothing; what the program asks for is asked for until it comes")
    func onDemand() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud)
            try await gateway.whileRunning {
                try await cloud.awaitStatus(of: gateway.id, "0.5")
                try await cloud.send(.latestVersion, to: gateway.id, #"{"version":1.2}"#)
                try await eventually("it heard") {
                    gateway.events.all.contains { if case .latestVersion = $0 { true } else { false } }
                }
                #expect(cloud.count(of: .requestUpgrade, from: gateway.id) == 0)
                gateway.agent.requestDownload(of: try Version("1.1"))
                try await eventually("it asks") { cloud.count(of: .requestUpgrade, from: gateway.id) == 1 }
                try await cloud.cutOff(gateway.id)
                try await eventually("it asks again") { cloud.count(of: .requestUpgrade, from: gateway.id) == 2 }
            }
        }
    }
}
