import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What the page of one gateway shows: what it is, what was ordered for it, and what happened.
struct GatewayPage {
    /// The newest orders; older ones are among the events.
    private static let shownUpgrades = 20

    let fields: [String: Any]

    /// - Throws: ``DomainError/notFound(_:_:)``.
    init(_ id: GatewayID, cursor: Cursor?, services: Services, user: Principal) async throws {
        let gateway = try await services.gateways.find(id, as: user)
        let releases = try await services.allReleaseBodies(as: user).filter { $0.state == .available }.map(\.version)
        let events = try await services.gateways.events(of: id, page: PageRequest(cursor: cursor), as: user)
        var fields = GatewayRow(gateway: gateway, newest: releases.first).fields
        fields["releases"] = releases.map { ["version": $0.description] }
        fields["hasReleases"] = !releases.isEmpty && gateway.approved
        fields["badFrames"] = gateway.badFrames
        fields["isEnrolled"] = gateway.enrolled
        fields["seen"] = gateway.lastSeen?.shown
        fields["address"] = gateway.address?.visible
        // Orders are for gateways that are bound to a company.
        let upgrades =
            gateway.approved
            ? try await services.deployments.upgrades(
                of: id, page: PageRequest(limit: Self.shownUpgrades), as: user
            ).items : []
        fields["upgrades"] = upgrades.map(Self.row)
        fields["hasUpgrades"] = !upgrades.isEmpty
        fields["events"] = events.items.map { EventRow(event: $0).fields }
        fields["hasEvents"] = !events.items.isEmpty
        fields["total"] = events.total
        let path = "/gateways/\(PercentEncoding.encode(id.rawValue))"
        fields["nextPage"] = events.nextCursor.map { "\(path)?cursor=\($0)" }
        fields["isLaterPage"] = cursor != nil
        self.fields = fields
    }

    private static func row(_ upgrade: Upgrade) -> [String: Any] {
        var row: [String: Any] = [
            "number": upgrade.deploymentID.description, "version": upgrade.version.description,
            "state": upgrade.state.rawValue, "words": upgrade.state.words, "attempts": upgrade.attempts,
            "ordered": upgrade.createdAt.shown,
        ]
        row["sent"] = upgrade.sentAt?.shown
        row["delivered"] = upgrade.deliveredAt?.shown
        row["settled"] = upgrade.settledAt?.shown
        row["reason"] = upgrade.reason?.visible
        return row
    }
}
