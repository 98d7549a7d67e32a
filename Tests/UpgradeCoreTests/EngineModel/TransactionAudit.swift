import GRDB
import Synchronization
import UpgradeProtocol

@testable import UpgradeCore

/// Compares what each single transaction did to upgrades with the events that it wrote: no state without its event, and no event without its state.
final class TransactionAudit: TransactionObserver, Sendable {
    private struct Standing: Equatable {
        var state: UpgradeState
        var attempts: Int
        var delivered: Int
    }

    private struct Known {
        var standings: [EngineModel.Key: Standing] = [:]
        var lastEvent: Int64 = 0
        var violations: [String] = []
        var transactions = 0
    }

    private let known = Mutex(Known())

    /// Looks at every transaction of `store` while it lives.
    init(of store: Store) { store.pool.add(transactionObserver: self, extent: .observerLifetime) }

    /// What was wrong since the last call.
    func takeViolations() -> [String] {
        known.withLock { known in
            defer { known.violations = [] }
            return known.violations
        }
    }

    var transactions: Int { known.withLock { $0.transactions } }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidRollback(_ database: Database) {}

    func databaseDidCommit(_ database: Database) {
        known.withLock { known in
            do { try look(database, &known) } catch { known.violations.append("\(error)") }
        }
    }

    private func look(_ database: Database, _ known: inout Known) throws {
        known.transactions += 1
        let events = try EventTable(database: database).list(after: known.lastEvent, in: .everything, limit: 100_000)
        known.lastEvent = events.last?.id ?? known.lastEvent
        var kinds: [EngineModel.Key: [EventKind]] = [:]
        for event in events {
            guard let deployment = event.deploymentID, let gateway = event.gatewayID else { continue }
            kinds[EngineModel.Key(deployment: deployment, gateway: gateway), default: []].append(event.kind)
        }
        var standings: [EngineModel.Key: Standing] = [:]
        var pending: Set<GatewayID> = []
        let rows = try Row.fetchCursor(
            database, sql: "SELECT deployment_id, gateway_id, state, attempts, delivered_attempts FROM upgrade")
        while let row = try rows.next() {
            let key = EngineModel.Key(
                deployment: DeploymentID(rawValue: row["deployment_id"]), gateway: try row.gatewayID("gateway_id"))
            let standing = Standing(
                state: try row.name("state"), attempts: row["attempts"], delivered: row["delivered_attempts"])
            standings[key] = standing
            if standing.state == .pending, !pending.insert(key.gateway).inserted {
                known.violations.append("\(key.gateway) has two pending upgrades")
            }
            let told = kinds.removeValue(forKey: key) ?? []
            if !Self.agree(known.standings[key], standing, told) {
                known.violations.append(
                    "\(key.gateway), order \(key.deployment): from \(String(describing: known.standings[key])) to \(standing), told as \(told)"
                )
            }
        }
        known.standings = standings
    }

    private static func agree(_ before: Standing?, _ after: Standing, _ told: [EventKind]) -> Bool {
        if before == nil, told.first != .upgradeOrdered { return false }
        let before = before ?? Standing(state: .pending, attempts: 0, delivered: 0)
        if let end = told.last(where: { ending($0) != nil }) {
            guard ending(end) == after.state, before.state != after.state else { return false }
        } else if before.state != after.state {
            return false
        }
        let sent = told.count { $0 == .upgradeSent }
        let cutOff = told.count { $0 == .upgradeCutOff }
        let attempts = after.attempts - before.attempts
        return attempts <= sent && attempts >= sent - cutOff
            && after.delivered - before.delivered == told.count { $0 == .upgradeDelivered }
    }

    private static func ending(_ kind: EventKind) -> UpgradeState? {
        switch kind {
        case .upgradeConfirmed: .confirmed
        case .upgradeTimedOut: .timedOut
        case .upgradeFailed: .failed
        case .upgradeCancelled: .cancelled
        default: nil
        }
    }
}
