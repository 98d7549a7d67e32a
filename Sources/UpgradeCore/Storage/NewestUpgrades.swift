import FoundationEssentials
import GRDB
import UpgradeProtocol

/// The newest upgrade of a gateway.
struct NewestUpgrade: Sendable {
    var upgrade: Upgrade
    /// Whether the release that was ordered may be sent now.
    var release: Release.State
}

extension DeploymentQueries {
    // The order of a CROSS JOIN is kept: from the gateways that are asked for to one row for each.
    static let newestUpgrades = """
        SELECT \(upgradeColumns),
            (SELECT release.state FROM deployment JOIN release ON release.id = deployment.release_id
                WHERE deployment.id = upgrade.deployment_id) AS release_state
        FROM json_each(?) AS wanted CROSS JOIN gateway ON gateway.id = wanted.value
        CROSS JOIN upgrade
            ON upgrade.deployment_id = gateway.latest_deployment_id AND upgrade.gateway_id = gateway.id
        """

    /// The newest upgrade of each gateway that something was ordered for. The gateways were found in some scope.
    func newestUpgrades(of gateways: some Sequence<Gateway>) throws -> [GatewayID: NewestUpgrade] {
        let ids = gateways.filter { $0.lastUpgradeOrder != nil }.map(\.id.rawValue)
        guard !ids.isEmpty else { return [:] }
        let list = String(decoding: try JSONEncoder().encode(ids), as: UTF8.self)
        var newest: [GatewayID: NewestUpgrade] = [:]
        let rows = try Row.fetchCursor(
            database.cachedStatement(sql: Self.newestUpgrades), arguments: [list])
        while let row = try rows.next() {
            let upgrade = try Upgrade(row: row)
            newest[upgrade.gatewayID] = NewestUpgrade(upgrade: upgrade, release: try row.name("release_state"))
        }
        return newest
    }
}
