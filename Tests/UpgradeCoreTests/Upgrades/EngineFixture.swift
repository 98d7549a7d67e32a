import Synchronization
import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// An engine on a real store, between a link and releases that are scripted, in a time that stands still until it is told to move.
final class EngineFixture: Sendable {
    let store: Store
    let link = ScriptedLink()
    let releases = ScriptedReleases()
    let time: ManualTime
    let configuration: EngineConfiguration
    let log = RecordingLog()
    private let running: Mutex<(engine: UpgradeEngine, task: Task<Void, Never>)>
    private let lastConnection = Mutex<UInt64>(0)

    init(store: Store, time: ManualTime, configuration: EngineConfiguration) {
        self.store = store
        self.time = time
        self.configuration = configuration
        running = Mutex(Self.start(store, link, releases, configuration, time, log))
    }

    var engine: UpgradeEngine { running.withLock { $0.engine } }

    private static func start(
        _ store: Store, _ link: ScriptedLink, _ releases: ScriptedReleases, _ configuration: EngineConfiguration,
        _ time: ManualTime, _ log: RecordingLog
    ) -> (engine: UpgradeEngine, task: Task<Void, Never>) {
        let engine = UpgradeEngine(
            store: store, link: link, releases: releases, configuration: configuration, time: time,
            logger: log.logger("engine"))
        return (engine, Task { await engine.run() })
    }

    func stop() async {
        let task = running.withLock { $0.task }
        task.cancel()
        await task.value
    }

    /// Another process on the same data: what the first one held in memory is gone, and so are its connections.
    func restart(after pause: Duration = .zero) async {
        await stop()
        time.advanceSilently(by: pause)
        running.withLock { $0 = Self.start(store, link, releases, configuration, time, log) }
    }

    // MARK: Time

    func advance(by duration: Duration) async throws {
        time.advance(by: duration)
        try await settle()
    }

    // MARK: Releases

    @discardableResult
    func addRelease(_ version: Version) async throws -> Release {
        let release = try await store.addRelease(version)
        try await releasesChanged()
        return release
    }

    func setState(_ state: Release.State, of release: Release) async throws {
        try await store.write { try $0.releases.setState(state, of: release.id) }
        try await releasesChanged()
    }

    func remove(_ release: Release) async throws {
        try await store.write { try $0.releases.delete(release.id, at: $0.time) }
        try await releasesChanged()
    }

    func releasesChanged() async throws {
        engine.releasesChanged()
        try await settle()
    }

    // MARK: Gateways

    /// A gateway connects, as far as is said: subscribes to its eight topics and reports a version.
    @discardableResult
    func connect(
        _ gateway: GatewayID, company: CompanyID = "2", reporting version: Version? = nil, subscribing: Bool = true
    ) async throws -> ConnectionID {
        let connection = lastConnection.withLock { last in
            last += 1
            return ConnectionID(rawValue: last)
        }
        var events: [LinkEvent] = [.connected(gateway, connection, address: "127.0.0.1")]
        if let version { events.append(.message(status(gateway, connection, company, version))) }
        if subscribing {
            events += Topic.subscriptions(of: gateway).map { .subscribed(gateway, connection, $0) }
        }
        try await tell(events)
        return connection
    }

    func disconnect(_ gateway: GatewayID, _ connection: ConnectionID) async throws {
        try await tell([.disconnected(gateway, connection, reason: "connection lost")])
    }

    func report(
        _ version: Version, from gateway: GatewayID, _ connection: ConnectionID, company: CompanyID = "2",
        failed: String? = nil, failedVersion: Version? = nil
    ) async throws {
        try await tell([
            .message(status(gateway, connection, company, version, failed: failed, failedVersion: failedVersion))
        ])
    }

    func status(
        _ gateway: GatewayID, _ connection: ConnectionID, _ company: CompanyID, _ version: Version,
        failed: String? = nil, failedVersion: Version? = nil, acknowledge: @escaping @Sendable () -> Void = {}
    ) -> InboundMessage {
        let body = StatusMessage(
            companyID: company, version: version, timestamp: nil, failed: failed, failedVersion: failedVersion)
        return message(.status, body.encoded(), from: gateway, connection, acknowledge: acknowledge)
    }

    func message(
        _ verb: GatewayVerb, _ body: [UInt8], from gateway: GatewayID, _ connection: ConnectionID,
        acknowledge: @escaping @Sendable () -> Void = {}
    ) -> InboundMessage {
        InboundMessage(
            gateway: gateway, connection: connection, verb: verb,
            payload: Frame(timestamp: 1_466_000_000, payload: body).encoded(), acknowledge: acknowledge)
    }

    func tell(_ events: [LinkEvent]) async throws {
        engine.receive(events)
        try await settle()
    }

    /// Waits until the engine has dealt with everything, and with the verifications that it asked for on the way.
    func settle() async throws {
        try await engine.settled()
        try await engine.settled()
    }

    func setEnabled(_ enabled: Bool, _ id: GatewayID) async throws {
        var gateway = try #require(try await self.gateway(id))
        gateway.enabled = enabled
        let changed = gateway
        try await store.write { try $0.gateways.update(changed) }
        engine.gatewaysChanged([id])
        try await settle()
    }

    // MARK: Orders

    @discardableResult
    func order(
        _ version: Version, _ target: DeploymentTarget, as principal: Principal = .boss
    ) async throws -> DeploymentID {
        let deployment = try await engine.order(version: version, target: target, as: principal)
        try await settle()
        return deployment.id
    }

    func upgrade(_ gateway: GatewayID, _ deployment: DeploymentID) async throws -> Upgrade {
        let upgrades = try await store.read {
            try $0.deploymentQueries.upgrades(of: deployment, state: nil, in: .everything, PageRequest(limit: 1000))
        }
        return try #require(upgrades.items.first { $0.gatewayID == gateway })
    }

    /// What was sent to gateways by UPGRADE since the last call, and to whom.
    func takeUpgrades() -> [SentExecutable] { link.takeExecutables(.upgrade) }

    func takeDownloads() -> [SentExecutable] { link.takeExecutables(.downloadUpgrade) }

    func gateway(_ id: GatewayID) async throws -> Gateway? {
        try await store.read { try $0.gateways.find(id, in: .everything) }
    }

    func events(_ kind: EventKind, of gateway: GatewayID) async throws -> [Event] {
        try await store.read {
            try $0.events.list(EventFilter(gateway: gateway, kinds: [kind]), in: .everything, PageRequest()).items
        }
    }
}

/// Runs `body` with an engine, companies 1 to 3, and a folder of its own.
func withEngine(
    _ configuration: EngineConfiguration = EngineConfiguration(),
    _ body: (EngineFixture) async throws -> Void
) async throws {
    let time = ManualTime()
    try await withStore(at: time.wall) { store in
        try await store.addCompanies()
        let fixture = EngineFixture(store: store, time: time, configuration: configuration)
        do {
            try await fixture.engine.settled()
            try await body(fixture)
        } catch {
            await fixture.stop()
            throw error
        }
        await fixture.stop()
    }
}
