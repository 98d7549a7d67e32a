import FoundationEssentials
import GRDB
import UpgradeProtocol

/// What deployments and their upgrades look like from outside. Orders and progress are written by the engine's tables.
struct DeploymentQueries {
    let database: Database

    static let columns = "id, release_id, version, target_kind, target_json, created_by, created_at"
    static let upgradeColumns = """
        deployment_id, gateway_id, upgrade.version, state, attempts, delivered_attempts, from_version, \
        version_at_order, upgrade.created_at, sent_at, delivered_at, settled_at, reason, superseded_by
        """

    /// The newest first; for a company those that include one of its gateways.
    func list(running: Bool?, in scope: Scope, _ request: PageRequest) throws -> Page<Deployment> {
        let list = KeysetList(
            columns: Self.columns, source: "deployment", conditions: try Self.conditions(running: running, in: scope),
            key: "id", keyIsNumber: true, descending: true)
        return try database.page(
            list, request, item: { try Deployment(row: $0).seen(in: scope, by: self) },
            cursor: { Cursor(key: $0.id.rawValue) })
    }

    func find(_ id: DeploymentID, in scope: Scope) throws -> Deployment? {
        let conditions = try Self.conditions(running: nil, in: scope).and("id = ?", id.rawValue)
        return try Row.fetchOne(
            database.cachedStatement(sql: "SELECT \(Self.columns) FROM deployment \(conditions.clause)"),
            arguments: conditions.arguments
        ).map { try Deployment(row: $0).seen(in: scope, by: self) }
    }

    /// How many of a deployment's upgrades of gateways in the scope are in each state.
    func counts(of id: DeploymentID, in scope: Scope) throws -> UpgradeCounts {
        let upgrades = UpgradeFilter(deployment: id).conditions(in: scope)
        let source = Self.upgrades(in: scope)
        let sql = "SELECT state, count(*) AS count FROM \(source) \(upgrades.clause) GROUP BY state"
        var counts = UpgradeCounts()
        let rows = try Row.fetchCursor(database.cachedStatement(sql: sql), arguments: upgrades.arguments)
        while let row = try rows.next() { counts[try row.name("state")] = row["count"] }
        return counts
    }

    /// The upgrades of one deployment, by gateway.
    func upgrades(
        of id: DeploymentID, state: UpgradeState?, in scope: Scope, _ request: PageRequest
    ) throws -> Page<Upgrade> {
        let list = KeysetList(
            columns: Self.upgradeColumns, source: Self.upgrades(in: scope),
            conditions: UpgradeFilter(deployment: id, state: state).conditions(in: scope), key: "gateway_id")
        return try database.page(
            list, request, item: Upgrade.init(row:), cursor: { Cursor(key: $0.gatewayID.rawValue) })
    }

    /// The upgrades of one gateway, the newest first.
    func upgrades(of gateway: GatewayID, in scope: Scope, _ request: PageRequest) throws -> Page<Upgrade> {
        let list = KeysetList(
            columns: Self.upgradeColumns, source: Self.upgrades(in: scope),
            conditions: UpgradeFilter(gateway: gateway).conditions(in: scope), key: "deployment_id",
            keyIsNumber: true, descending: true)
        return try database.page(
            list, request, item: Upgrade.init(row:), cursor: { Cursor(key: $0.deploymentID.rawValue) })
    }

    /// The upgrades to one version that are in one state, by gateway; what is pending is one for each gateway at most.
    func upgrades(
        to version: Version, state: UpgradeState, in scope: Scope, _ request: PageRequest
    ) throws -> Page<Upgrade> {
        let list = KeysetList(
            columns: Self.upgradeColumns, source: Self.upgrades(in: scope),
            conditions: UpgradeFilter(version: version, state: state).conditions(in: scope), key: "gateway_id")
        return try database.page(
            list, request, item: Upgrade.init(row:), cursor: { Cursor(key: $0.gatewayID.rawValue) })
    }

    fileprivate func isSeen(_ gateway: GatewayID, in scope: Scope) throws -> Bool {
        try GatewayTable(database: database).find(gateway, in: scope) != nil
    }

    static func conditions(running: Bool?, in scope: Scope) throws -> Conditions {
        var conditions = Conditions()
        // What is pending implies that it is seen.
        if running != true, case .company(let own, claims: _) = scope {
            // An order for a company without gateways is that company's too. The order of a CROSS JOIN is kept: from the
            // company's gateways to one deployment's rows of them.
            conditions.require(
                """
                (EXISTS (SELECT 1 FROM gateway CROSS JOIN upgrade
                    ON upgrade.deployment_id = deployment.id AND upgrade.gateway_id = gateway.id
                    WHERE gateway.seen_by_company_id = ? AND gateway.company_id IS NOT NULL)
                OR target_kind = 'company' AND target_json = ?)
                """, own.rawValue, try DeploymentTarget.company(own).stored().json)
        }
        guard let running else { return conditions }
        let isIn = running ? "id IN" : "id NOT IN"
        switch scope {
        case .everything:
            conditions.require(
                "\(isIn) (SELECT deployment_id FROM upgrade INDEXED BY upgrade_running WHERE state = 'pending')")
        case .company(let own, claims: _):
            conditions.require(
                """
                \(isIn) (SELECT upgrade.deployment_id FROM gateway CROSS JOIN upgrade
                    ON upgrade.gateway_id = gateway.id AND upgrade.state = 'pending'
                    WHERE gateway.seen_by_company_id = ? AND gateway.company_id IS NOT NULL)
                """, own.rawValue)
        }
        return conditions
    }

    private static func upgrades(in scope: Scope) -> String {
        scope == .everything ? "upgrade" : "upgrade JOIN gateway ON gateway.id = upgrade.gateway_id"
    }
}

extension DatabaseAccess {
    var deploymentQueries: DeploymentQueries { DeploymentQueries(database: database) }
}

private struct UpgradeFilter {
    var deployment: DeploymentID?
    var gateway: GatewayID?
    var version: Version?
    var state: UpgradeState?

    func conditions(in scope: Scope) -> Conditions {
        var conditions = Conditions()
        if case .company(let own, claims: _) = scope {
            conditions.require("gateway.seen_by_company_id = ? AND gateway.company_id IS NOT NULL", own.rawValue)
        }
        if let deployment { conditions.require("deployment_id = ?", deployment.rawValue) }
        if let gateway { conditions.require("gateway_id = ?", gateway.rawValue) }
        if let version { conditions.require("upgrade.version = ?", version.stored) }
        // A name of our own enumeration: nothing to escape. As a constant it lets the index of pending upgrades be used.
        if let state { conditions.require("state = '\(state.rawValue)'") }
        return conditions
    }
}

extension DeploymentTarget {
    /// As the columns `target_kind` and `target_json` keep it.
    func stored() throws -> (kind: String, json: String?) {
        switch self {
        case .all: ("all", nil)
        case .company(let id): ("company", try Self.json(id.rawValue))
        case .gateways(let ids): ("gateways", try Self.json(ids.map(\.rawValue)))
        }
    }

    init(storedKind kind: String, json: String?) throws {
        let data = Data((json ?? "").utf8)
        switch kind {
        case "all": self = .all
        case "company": self = .company(try CompanyID(JSONDecoder().decode(String.self, from: data)))
        default: self = .gateways(try JSONDecoder().decode([String].self, from: data).map { try GatewayID($0) })
        }
    }

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}

extension Deployment {
    fileprivate init(row: Row) throws {
        self.init(
            id: DeploymentID(rawValue: row["id"]), releaseID: ReleaseID(rawValue: row["release_id"]),
            version: try row.version("version"),
            target: try DeploymentTarget(storedKind: row["target_kind"], json: row["target_json"]),
            createdBy: row["created_by"], createdAt: row.timestamp("created_at"))
    }

    /// Without the names of gateways that the scope does not contain.
    fileprivate func seen(in scope: Scope, by queries: DeploymentQueries) throws -> Deployment {
        guard scope != .everything, case .gateways(let ids) = target else { return self }
        return Deployment(
            id: id, releaseID: releaseID, version: version,
            target: .gateways(try ids.filter { try queries.isSeen($0, in: scope) }), createdBy: createdBy,
            createdAt: createdAt)
    }
}

extension Upgrade {
    /// From the columns of the upgrade table, whatever table it was joined with.
    init(row: Row) throws {
        self.init(
            deploymentID: DeploymentID(rawValue: row["deployment_id"]), gatewayID: try row.gatewayID("gateway_id"),
            version: try row.version("version"), state: try row.name("state"), attempts: row["attempts"],
            deliveredAttempts: row["delivered_attempts"], fromVersion: try row.optionalVersion("from_version"),
            versionAtOrder: try row.optionalVersion("version_at_order"), createdAt: row.timestamp("created_at"),
            sentAt: row.optionalTimestamp("sent_at"), deliveredAt: row.optionalTimestamp("delivered_at"),
            settledAt: row.optionalTimestamp("settled_at"), reason: row["reason"],
            supersededBy: (row["superseded_by"] as Int64?).map(DeploymentID.init(rawValue:)))
    }
}
