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

extension DatabaseAccess {
    var deployments: DeploymentTable { DeploymentTable(database: database) }
}
