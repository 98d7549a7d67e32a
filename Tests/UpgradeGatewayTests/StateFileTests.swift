import Foundation
import Testing
import UpgradeGateway
import UpgradeProtocol

@Suite("What survives a restart")
struct StateFileTests {
    @Test("Version and time of the last upgrade")
    func versionSurvives() async throws {
        try await withTemporaryFolder { folder in
            let file = StateFile(path: "\(folder)/state.json")
            try await Cloud.run { cloud in
                let first = try GatewayUnderTest("gw1", cloud: cloud) { $0.stateFile = file }
                var reported: StatusMessage?
                try await first.whileRunning {
                    try await cloud.awaitStatus(of: first.id, "0.5")
                    #expect(try file.read() == nil)
                    try await cloud.send(.upgrade, to: first.id, "1.2")
                    reported = try await cloud.awaitStatus(of: first.id, "1.2")
                }
                #expect(try file.read() == reported)
                let second = try GatewayUnderTest("gw1", cloud: cloud) { $0.stateFile = file }
                let count = cloud.statuses(of: second.id).count
                try await second.whileRunning {
                    let status = try await awaited("it reports") {
                        cloud.statuses(of: second.id).dropFirst(count).first
                    }
                    #expect(status == reported)
                }
            }
        }
    }

    @Test("A failure that nobody has heard of yet")
    func failureSurvives() async throws {
        try await withTemporaryFolder { folder in
            let file = StateFile(path: "\(folder)/state.json")
            let failed = StatusMessage(
                companyID: try CompanyID("2"), version: try Version("1.1"), timestamp: 1_466_000_000_123,
                failed: "power was cut", failedVersion: try Version("1.2"))
            try file.write(failed)
            try await Cloud.run { cloud in
                let gateway = try GatewayUnderTest("gw1", cloud: cloud) { $0.stateFile = file }
                try await gateway.whileRunning {
                    #expect(try await cloud.awaitStatus(of: gateway.id, "1.1") == failed)
                    try await eventually("it is forgotten once it was heard") { (try? file.read())?.failed == nil }
                }
            }
        }
    }

    @Test("A damaged file stops the gateway, in words that name it")
    func damagedFile() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/state.json"
            try Data("{\"version\":".utf8).write(to: URL(filePath: path))
            var configuration = GatewayConfiguration(
                gatewayID: try GatewayID("gw1"), companyID: try CompanyID("2"), version: try Version("0.5"), tls: nil)
            configuration.stateFile = StateFile(path: path)
            let agent = GatewayAgent(configuration, install: { _ in try Version("1") })
            let error = await #expect(throws: GatewayError.self) { try await agent.run() }
            #expect("\(try #require(error))".hasPrefix("\(path) holds no gateway's state ("))
        }
    }

    @Test("A folder that is not there is told, and the gateway goes on")
    func folderMissing() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud) {
                $0.stateFile = StateFile(path: "/nowhere/at/all/state.json")
            }
            try await gateway.whileRunning {
                try await cloud.awaitStatus(of: gateway.id, "0.5")
                try await cloud.send(.upgrade, to: gateway.id, "1.2")
                try await cloud.awaitStatus(of: gateway.id, "1.2")
            }
            let isTold = gateway.events.all.contains { if case .stateNotSaved = $0 { true } else { false } }
            #expect(isTold)
        }
    }
}
