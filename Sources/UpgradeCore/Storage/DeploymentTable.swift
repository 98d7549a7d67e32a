import GRDB
import UpgradeProtocol

/// What was ordered, by whom and for whom. Those who look ask ``DeploymentQueries``.
struct DeploymentTable {
    let database: Database

    func insert(
        _ release: Release, target: DeploymentTarget, by username: String, at time: Timestamp
    ) throws -> Deployment {
        let (kind, json) = try target.stored()
        try database.cachedStatement(
            sql: """
                INSERT INTO deployment (release_id, version, target_kind, target_json, created_by, created_at)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [release.id.rawValue, release.version.stored, kind, json, username, time.milliseconds])
        return Deployment(
            id: DeploymentID(rawValue: database.lastInsertedRowID), releaseID: release.id, version: release.version,
            target: target, createdBy: username, createdAt: time)
    }
}

extension DeploymentTable {
    static let orders = """
        SELECT deployment.id, deployment.version, created_by, created_at
        FROM json_each(?) AS wanted CROSS JOIN deployment ON deployment.id = wanted.value
        """

    /// Who ordered what and when, of those of the deployments that exist.
    func orders(_ ids: Set<DeploymentID>) throws -> [DeploymentID: GatewayHistoryEntry.Order] {
        guard !ids.isEmpty else { return [:] }
        let list = "[" + ids.map(\.description).joined(separator: ",") + "]"
        var orders: [DeploymentID: GatewayHistoryEntry.Order] = [:]
        for row in try Row.fetchAll(database.cachedStatement(sql: Self.orders), arguments: [list]) {
            let id = DeploymentID(rawValue: row["id"])
            orders[id] = GatewayHistoryEntry.Order(
                deployment: id, version: try row.version("version"), createdBy: row["created_by"],
                createdAt: row.timestamp("created_at"))
        }
        return orders
    }
}

extension DatabaseAccess {
    var deployments: DeploymentTable { DeploymentTable(database: database) }
}
