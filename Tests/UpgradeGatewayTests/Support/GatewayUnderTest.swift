import Foundation
import MQTTWire
import Testing
import UpgradeGateway
import UpgradeProtocol

/// A gateway that comes back fast, and what happened to it.
final class GatewayUnderTest: Sendable {
    let id: GatewayID
    let events = Recorder<GatewayEvent>()
    let installed = Recorder<[UInt8]>()
    let kept = Recorder<Executable>()
    let agent: GatewayAgent

    /// A gateway of company 2 at version 0.5. By default it takes an executable for its version as text.
    init(
        _ id: String, cloud: Cloud, _ change: (inout GatewayConfiguration) -> Void = { _ in },
        install: @escaping @Sendable (Executable) async throws -> Version = {
            try Version(String(decoding: $0, as: UTF8.self))
        }
    ) throws {
        self.id = try GatewayID(id)
        var configuration = GatewayConfiguration(
            gatewayID: self.id, companyID: try CompanyID("2"), version: try Version("0.5"), port: cloud.port, tls: nil)
        configuration.reconnect = .exponential(initialDelay: .milliseconds(20), maximumDelay: .milliseconds(200))
        change(&configuration)
        agent = GatewayAgent(configuration) { [events] event in
            events.record(event)
        } install: { [installed] executable in
            installed.record([UInt8](executable))
            return try await install(executable)
        } keep: { [kept] executable in
            kept.record(executable)
        }
    }

    /// Runs the gateway for as long as the closure takes.
    func whileRunning(_ body: () async throws -> Void) async throws {
        let running = Task { [agent] in try await agent.run() }
        do {
            try await body()
        } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        try await running.value
    }
}

/// A folder of the test's own, removed at its end.
func withTemporaryFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "gateway-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path)
}
