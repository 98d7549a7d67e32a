import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What the page of one gateway shows: what it is, what was ordered for it, and what happened.
struct GatewayPage {
    /// The newest orders; older ones are among the events.
    private static let shownUpgrades = 20
    /// Companies that a select offers; where there are more, the id is typed.
    private static let shownCompanies = 100

    let fields: [String: Any]

    /// Where it is. The id stands in the query: browsers take one that is `.` or `..` out of a path, however it is encoded.
    static func path(of id: GatewayID) -> String { "/gateway?id=\(PercentEncoding.encode(id.rawValue))" }

    /// Where it is asked whether the gateway is to be removed.
    static func removal(of id: GatewayID) -> String { "/gateway/remove?id=\(PercentEncoding.encode(id.rawValue))" }

    /// - Parameters:
    ///   - id: the gateway.
    ///   - parameters: of the address: `cursor` goes on in the history, `ordered` is the order that was just given.
    ///   - form: what was typed into a form that came back.
    ///   - services: what is asked.
    ///   - user: who looks.
    /// - Throws: ``DomainError/notFound(_:_:)``.
    init(
        _ id: GatewayID, parameters: [String: String] = [:], form: [String: String]? = nil, services: Services,
        user: Principal
    ) async throws {
        let explained = try await services.gateways.findExplained(id, as: user)
        let gateway = explained.gateway
        let releases = try await services.allReleaseBodies(as: user).filter { $0.state == .available }.map(\.version)
        let history = try await services.gateways.history(of: id, page: try PageRequest(in: parameters), as: user)
        let transfer = try await services.transfers(as: user)[id]
        var fields = GatewayRow(explained, newest: releases.first, transfer: transfer).fields
        fields["summary"] = Self.summary(gateway)
        fields["releases"] = releases.map { ["version": $0.description] }
        fields["hasReleases"] = !releases.isEmpty && gateway.approved
        fields["badFrames"] = gateway.badFrames
        fields["badFrameAt"] = gateway.lastBadFrame?.shown
        fields["isEnrolled"] = gateway.enrolled
        fields["seen"] = gateway.lastSeen?.shown
        fields["address"] = gateway.address?.visible
        if let latitude = gateway.latitude, let longitude = gateway.longitude {
            fields["place"] = "\(latitude), \(longitude)"
        }
        // Orders are for gateways that are bound to a company.
        let upgrades =
            gateway.approved
            ? try await services.deployments.upgrades(
                of: id, page: PageRequest(limit: Self.shownUpgrades), as: user
            ).items : []
        fields["upgrades"] = upgrades.map(Self.row)
        fields["hasUpgrades"] = !upgrades.isEmpty
        fields["events"] = history.items.map { HistoryRow(entry: $0).fields }
        fields["hasEvents"] = !history.items.isEmpty
        fields["total"] = history.total
        fields["nextPage"] = history.nextCursor.map { "\(Self.path(of: id))&cursor=\($0)" }
        fields["isLaterPage"] = parameters["cursor"] != nil
        if let ordered = parameters["ordered"].flatMap(Int64.init).map(DeploymentID.init(rawValue:)) {
            fields["ordered"] = try await UpgradePage.notice(of: ordered, services: services, user: user)
        }
        fields.merge(try await Self.forms(for: gateway, typed: form, services: services, user: user)) { $1 }
        self.fields = fields
    }

    /// What can be changed, as far as the user may.
    private static func forms(
        for gateway: Gateway, typed: [String: String]?, services: Services, user: Principal
    ) async throws -> [String: Any] {
        var fields: [String: Any] = [
            "mayManage": user.may(.manageGateways), "removal": removal(of: gateway.id),
            "typedName": typed?["name"] ?? gateway.name, "typedAddress": typed?["address"] ?? gateway.address ?? "",
            "typedLatitude": typed?["latitude"] ?? gateway.latitude.map { "\($0)" } ?? "",
            "typedLongitude": typed?["longitude"] ?? gateway.longitude.map { "\($0)" } ?? "",
        ]
        guard user.may(.moveGateways) else { return fields }
        let companies = try await services.companies.list(page: PageRequest(limit: shownCompanies), as: user)
        fields["mayMove"] = true
        fields["companiesAreListed"] = companies.nextCursor == nil
        fields["companies"] = companies.items.map { company in
            [
                "id": company.id.rawValue, "text": "\(company.id.rawValue.visible): \(company.name.visible)",
                "isChosen": company.id == gateway.companyID,
            ] as [String: Any]
        }
        fields["companyIsOpen"] = !gateway.approved
        fields["typedCompany"] = typed?["companyId"] ?? gateway.companyID?.rawValue ?? ""
        return fields
    }

    /// The gateway in a sentence, for those who hear that it changed.
    private static func summary(_ gateway: Gateway) -> String {
        let parts = [
            gateway.online ? "online" : "offline", gateway.version.map { "version \($0)" },
            gateway.lastUpgradeOrder.map { "\($0.targetVersion) \($0.state.words)" },
        ]
        return "\(gateway.id.rawValue.visible): \(parts.compactMap(\.self).joined(separator: ", "))."
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
