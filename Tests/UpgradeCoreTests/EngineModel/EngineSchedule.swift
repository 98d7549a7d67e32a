import RandomSupport
import Synchronization
import UpgradeProtocol

@testable import UpgradeCore

/// A random schedule of all that can happen to an engine, which follows from its seed, and the comparison with the model after each step.
struct EngineSchedule {
    var random: SeededGenerator
    let fixture: EngineFixture
    let audit: TransactionAudit
    var model = EngineModel()
    /// What was done, for whoever looks for the cause of a violation.
    private(set) var steps: [String] = []
    private(set) var violations: [String] = []
    private var stored: [Release] = []
    /// Transfers that have not ended, with their connections, and whether the last byte of each has left.
    var underWay: [TransferID: (gateway: GatewayID, connection: ConnectionID, isWritten: Bool)] = [:]
    var deployments: [DeploymentID] = []
    var reports = 0
    let acknowledged = Counter()

    static let gateways: [GatewayID] = ["gw1", "gw2", "gw3", "gw4"]
    static let versions: [Version] = ["0.5", "0.9", "1.0", "1.1", "1.2", "2.0"]

    /// Counts from any thread.
    final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func increase() { count.withLock { $0 += 1 } }
    }

    init(seed: UInt64, _ fixture: EngineFixture, _ audit: TransactionAudit) {
        random = SeededGenerator(seed: seed)
        self.fixture = fixture
        self.audit = audit
        for (index, id) in Self.gateways.enumerated() {
            model.gateways[id] = EngineModel.Gateway(isKnown: false, company: index % 2 == 0 ? "2" : "3")
        }
    }

    // MARK: Support

    mutating func note(_ step: String) { steps.append("\(model.now) s: \(step)") }
    mutating func require(_ holds: Bool, _ violation: @autoclosure () -> String) {
        if !holds { violations.append(violation()) }
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    mutating func chance(_ part: Int, of whole: Int) -> Bool { Int.random(in: 0..<whole, using: &random) < part }

    func release(_ version: Version) -> EngineModel.Release? { model.releases.first { $0.version == version } }

    // MARK: Releases

    mutating func add(_ version: Version) async throws {
        note("release \(version) is added")
        let release = try await fixture.addRelease(version)
        stored.append(release)
        model.releases.append(EngineModel.Release(id: release.id, version: version))
    }

    mutating func changeReleases() async throws {
        let version = pick(Array(Self.versions.dropFirst()))
        guard let release = release(version), let row = stored.first(where: { $0.id == release.id }) else {
            return try await add(version)
        }
        if chance(1, of: 3) {
            note("release \(version) is removed")
            model.releases.removeAll { $0.id == release.id }
            let stopped = model.calledOff(model.live.filter { model.upgrades[$0]?.release == release.id }, .failed)
            try await fixture.remove(row)
            try await catchUp(stopping: stopped)
        } else {
            try await setAvailable(!release.isAvailable, release)
            try await catchUp()
        }
    }

    mutating func setAvailable(_ isAvailable: Bool, _ release: EngineModel.Release) async throws {
        guard let row = stored.first(where: { $0.id == release.id }) else { return }
        note("release \(release.version) is \(isAvailable ? "back" : "withheld")")
        for index in model.releases.indices where model.releases[index].id == release.id {
            model.releases[index].isAvailable = isAvailable
        }
        try await fixture.setState(isAvailable ? .available : pick([.changed, .removed]), of: row)
    }

    // MARK: What the engine did

    /// Plays the network until the engine wants nothing more of it, and compares all that is stored with the model.
    mutating func catchUp(stopping: Set<TransferID> = [], closing: Set<ConnectionID> = []) async throws {
        var (stopping, closing) = (stopping, closing)
        while true {
            model.tookTurn()
            takeSent()
            let stopped = Set(fixture.link.takeCancelled()).intersection(underWay.keys)
            let closed = Set(fixture.link.takeClosed())
            require(stopped == stopping, "transfers \(stopped) were stopped instead of \(stopping)")
            require(closed == closing, "connections \(closed) were closed instead of \(closing)")
            (stopping, closing) = ([], [])
            if stopped.isEmpty, closed.isEmpty { break }
            // In the order of their names, so that the seed decides alone.
            for transfer in stopped.sorted(by: { $0.rawValue < $1.rawValue }) { try await stop(transfer) }
            for connection in closed {
                guard let id = model.gateways.first(where: { $0.value.connection?.id == connection })?.key else {
                    continue
                }
                try await fixture.tell(disconnect(id, "closed by the engine"))
            }
        }
        violations += audit.takeViolations()
        let (told, answered) = (reports, acknowledged.value)
        require(told == answered, "\(answered) of \(told) reports were acknowledged")
        violations += try await ModelComparison.differences(between: model, and: fixture.store)
    }

    private mutating func takeSent() {
        let sent = fixture.takeUpgrades()
        let due = Set(model.gateways.keys.compactMap { model.due($0) })
        var served: Set<EngineModel.Key> = []
        for one in sent {
            let recipient = one.recipient
            guard let key = due.first(where: { $0.gateway == recipient.gateway }), let upgrade = model.upgrades[key],
                let connection = model.gateways[key.gateway]?.connection, let reported = connection.reported
            else {
                violations.append("\(recipient.gateway) was sent \(one.path), which was not due")
                continue
            }
            require(served.insert(key).inserted, "\(key.gateway) was sent the same twice")
            require(connection.id == recipient.connection, "it went to a former connection of \(key.gateway)")
            require(one.path == "/releases/\(upgrade.target)", "\(key.gateway) was sent \(one.path)")
            require(one.endsWithConnection, "what is sent outlives the connection")
            require(
                reported < upgrade.target || reported == upgrade.known,
                "\(key.gateway) is dragged back from \(reported) to \(upgrade.target)")
            require(
                one.topic == .toGateway(.upgrade, nil)
                    ? upgrade.isForAll && connection.hearsEveryonesTopic
                    : one.topic == .toGateway(.upgrade, key.gateway) && connection.hearsOwnTopic,
                "\(key.gateway) was sent it on \(one.topic.name)")
            model.sent(key, as: recipient.transfer)
            underWay[recipient.transfer] = (key.gateway, recipient.connection, false)
        }
        require(served == due, "due were \(due), sent was \(served)")
    }

    /// What a link may do with a transfer that is to be stopped.
    private mutating func stop(_ transfer: TransferID) async throws {
        guard let (gateway, _, _) = underWay[transfer] else { return }
        if chance(1, of: 2) {
            try await end(transfer, .notSent)
        } else {
            try await fixture.tell(disconnect(gateway, "closed to stop a transfer"))
        }
    }

    mutating func end(_ transfer: TransferID, _ end: TransferEnd) async throws {
        note("transfer \(transfer.rawValue) to \(underWay[transfer]?.gateway.rawValue ?? "nobody"): \(end)")
        underWay[transfer] = nil
        model.ended(transfer, end)
        try await fixture.tell([.transferEnded(transfer, end)])
    }

    /// A connection ends, and with it its transfers.
    mutating func disconnect(_ gateway: GatewayID, _ reason: String) -> [LinkEvent] {
        guard let connection = model.gateways[gateway]?.connection?.id else { return [] }
        var events: [LinkEvent] = []
        let own = underWay.filter { $0.value.connection == connection }
        for (transfer, place) in own.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let end: TransferEnd = place.isWritten ? .delivered : pick([.delivered, .cutOff, .notSent])
            note("transfer \(transfer.rawValue) to \(gateway): \(end)")
            underWay[transfer] = nil
            model.ended(transfer, end)
            events.append(.transferEnded(transfer, end))
        }
        note("\(gateway) is gone: \(reason)")
        model.gateways[gateway]?.connection = nil
        let goodbye = LinkEvent.disconnected(gateway, connection, reason: reason)
        return chance(1, of: 2) ? [goodbye] + events : events + [goodbye]
    }
}
