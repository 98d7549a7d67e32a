import GRDB
import UpgradeProtocol

/// One row per deployment and gateway: what has become of that gateway's part in the order. Written by the engine alone;
/// those who look ask ``DeploymentQueries``.
struct UpgradeTable {
    let database: Database

    /// Gateways for which a deployment is still pending, by id.
    func pendingGateways(of deployment: DeploymentID, in scope: Scope) throws -> [GatewayID] {
        var conditions = Conditions()
        conditions.require("deployment_id = ? AND state = 'pending'", deployment.rawValue)
        if case .company(let own, claims: _) = scope { conditions.require("company_id = ?", own.rawValue) }
        let sql = """
            SELECT gateway_id FROM upgrade JOIN gateway ON gateway.id = gateway_id \(conditions.clause)
            ORDER BY gateway_id
            """
        return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: conditions.arguments)
            .map { try $0.gatewayID("gateway_id") }
    }

    /// Every upgrade that is pending, as a process that has just started finds it.
    func pending() throws -> [PendingUpgrade] {
        let sql = """
            SELECT upgrade.*, deployment.release_id, deployment.target_kind
            FROM upgrade JOIN deployment ON deployment.id = deployment_id WHERE state = 'pending'
            """
        var upgrades: [PendingUpgrade] = []
        let rows = try Row.fetchCursor(database, sql: sql)
        while let row = try rows.next() { upgrades.append(try PendingUpgrade(row: row)) }
        return upgrades
    }

    /// The machine of an upgrade, pending or not.
    func machine(of deployment: DeploymentID, _ gateway: GatewayID) throws -> UpgradeMachine? {
        try Row.fetchOne(
            database.cachedStatement(sql: "SELECT * FROM upgrade WHERE deployment_id = ? AND gateway_id = ?"),
            arguments: [deployment.rawValue, gateway.rawValue]
        ).map(UpgradeMachine.init(row:))
    }

    func insert(_ machine: UpgradeMachine, of deployment: DeploymentID, _ gateway: GatewayID, at time: Timestamp) throws
    {
        try database.cachedStatement(
            sql: """
                INSERT INTO upgrade (deployment_id, gateway_id, version, state, version_at_order, deadline, created_at,
                    settled_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            deployment.rawValue, gateway.rawValue, machine.target.stored, machine.state.rawValue,
            machine.knownVersion?.stored, machine.deadline.milliseconds, time.milliseconds,
            machine.state == .pending ? nil : time.milliseconds,
        ])
    }

    /// Writes how far the attempts have got. `sentAt` and `deliveredAt` replace those of earlier attempts.
    func recordProgress(
        _ machine: UpgradeMachine, of deployment: DeploymentID, _ gateway: GatewayID, sentAt: Timestamp? = nil,
        deliveredAt: Timestamp? = nil
    ) throws {
        try database.cachedStatement(
            sql: """
                UPDATE upgrade
                SET attempts = ?, delivered_attempts = ?, cut_offs = ?, under_way = ?, from_version = ?, deadline = ?,
                    not_before = ?, sent_at = coalesce(?, sent_at), delivered_at = coalesce(?, delivered_at)
                WHERE deployment_id = ? AND gateway_id = ?
                """
        ).execute(arguments: [
            machine.attempts, machine.delivered, machine.cutOffs, machine.isUnderWay, machine.fromVersion?.stored,
            machine.deadline.milliseconds, machine.notBefore?.milliseconds, sentAt?.milliseconds,
            deliveredAt?.milliseconds, deployment.rawValue, gateway.rawValue,
        ])
    }

    /// Writes how it ended, or that a late report confirmed it.
    func recordEnd(
        _ machine: UpgradeMachine, of deployment: DeploymentID, _ gateway: GatewayID, supersededBy: DeploymentID?,
        at time: Timestamp
    ) throws {
        try database.cachedStatement(
            sql: """
                UPDATE upgrade SET state = ?, reason = ?, superseded_by = ?, settled_at = ?
                WHERE deployment_id = ? AND gateway_id = ?
                """
        ).execute(arguments: [
            machine.state.rawValue, machine.reason, supersededBy?.rawValue, time.milliseconds, deployment.rawValue,
            gateway.rawValue,
        ])
    }

    /// Writes that an attempt was delivered after its upgrade had ended.
    func recordLateDelivery(of deployment: DeploymentID, _ gateway: GatewayID, at time: Timestamp) throws {
        try database.cachedStatement(
            sql: """
                UPDATE upgrade SET delivered_attempts = min(attempts, delivered_attempts + 1), delivered_at = ?,
                    under_way = 0
                WHERE deployment_id = ? AND gateway_id = ?
                """
        ).execute(arguments: [time.milliseconds, deployment.rawValue, gateway.rawValue])
    }
}

/// An upgrade that a process that has just started goes on with.
struct PendingUpgrade {
    var deploymentID: DeploymentID
    var gatewayID: GatewayID
    var releaseID: ReleaseID
    var isForAll: Bool
    var machine: UpgradeMachine
}

extension DatabaseAccess {
    var upgrades: UpgradeTable { UpgradeTable(database: database) }
}

extension PendingUpgrade {
    fileprivate init(row: Row) throws {
        self.init(
            deploymentID: DeploymentID(rawValue: row["deployment_id"]), gatewayID: try row.gatewayID("gateway_id"),
            releaseID: ReleaseID(rawValue: row["release_id"]), isForAll: row["target_kind"] == "all",
            machine: try UpgradeMachine(row: row))
    }
}

extension UpgradeMachine {
    fileprivate init(row: Row) throws {
        self.init(
            restoring: try row.version("version"), knownVersion: try row.optionalVersion("version_at_order"),
            state: try row.name("state"), reason: row["reason"], fromVersion: try row.optionalVersion("from_version"),
            attempts: row["attempts"], delivered: row["delivered_attempts"], cutOffs: row["cut_offs"],
            isUnderWay: row["under_way"], deadline: OperatingTime(milliseconds: row["deadline"]),
            notBefore: (row["not_before"] as Int64?).map { OperatingTime(milliseconds: $0) })
    }
}
