import MQTTWire
public import UpgradeGateway
public import UpgradeProtocol

/// Simulated gateways, any number, on a few event loops that they share.
public struct SimulatedFleet: Sendable {
    /// How many connections are begun at once, and how long until the next are: some thousand a second, which a server takes without refusing any.
    private static let startedAtOnce = 25
    private static let pauseBetweenStarts: Duration = .milliseconds(20)
    private static let mostLoops = 4

    private let settings: SimulationSettings

    /// A fleet that does nothing until ``run(onEvent:)``.
    public init(_ settings: SimulationSettings) {
        self.settings = settings
    }

    /// Runs all gateways until the task is cancelled; returns when each has said goodbye.
    ///
    /// - Parameter onEvent: hears what happens to each gateway; of one gateway in order, of several at the same time.
    /// - Throws: ``GatewayError`` when the system does not let a gateway run.
    public func run(onEvent: @escaping @Sendable (GatewayID, GatewayEvent) -> Void) async throws {
        let loops = try Self.loops(for: settings.gatewayIDs.count)
        defer { for loop in loops { loop.stop() } }
        let payloads = SharedPayloads()
        try await withThrowingDiscardingTaskGroup { group in
            for (index, id) in settings.gatewayIDs.enumerated() {
                if index > 0, index % Self.startedAtOnce == 0 {
                    guard (try? await Task.sleep(for: Self.pauseBetweenStarts)) != nil else { break }
                }
                var gateway = try settings.gateway(id, on: loops[index % loops.count])
                gateway.payloadReceivers = { payloads.receiver(announced: $0) }
                let installer = SimulatedInstaller(
                    duration: settings.installationTime, failureRate: settings.failureRate)
                group.addTask {
                    let agent = GatewayAgent(gateway, installer: installer) { onEvent(id, $0) }
                    try await agent.run()
                }
            }
        }
    }

    private static func loops(for gateways: Int) throws(GatewayError) -> [EventLoop] {
        var loops: [EventLoop] = []
        do {
            for _ in 0..<min(mostLoops, 1 + gateways / 1000) { loops.append(try EventLoop()) }
        } catch {
            throw .client(.transport(error))
        }
        return loops
    }
}
