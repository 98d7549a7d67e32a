import HTTPTypes
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What somebody is about to order, as the forms of the upgrade page say it.
struct UpgradeOrderForm {
    let version: Version
    let target: DeploymentTarget
    /// Where it is given, and where people are led back to.
    let origin: Origin

    /// The page that an order is given on.
    enum Origin {
        case list(UpgradeQuery)
        case gateway(GatewayID)

        /// What the form says of it.
        init(_ form: [String: String]) {
            self =
                (form["page"].flatMap { try? GatewayID($0) }).map { .gateway($0) }
                ?? .list(UpgradeQuery(ofList: form["list"]))
        }

        /// Its address; with the number of the order that was given.
        func address(ordered: DeploymentID? = nil) -> String {
            switch self {
            case .list(var query):
                query.ordered = ordered
                return query.address
            case .gateway(let id): return GatewayPage.path(of: id) + (ordered.map { "&ordered=\($0)" } ?? "")
            }
        }
    }

    /// Before the ids in the names of check boxes: no form may name a field twice.
    private static let prefix = "gateway."
    /// A button names whom it is for beside the boxes that happen to be checked.
    static let fields = FormFields(["version", "list", "page", "all", "company"], prefix: prefix)

    /// - Throws: a 422 for a form that orders nothing.
    init(_ form: [String: String], by user: Principal) throws {
        guard let version = form["version"].flatMap({ try? Version($0) }) else {
            throw Problem(.unprocessableContent, "nothing was ordered: choose a version", field: "version")
        }
        self.version = version
        // The page of a gateway orders for this gateway; what the list shows is in its address.
        origin = Origin(form)
        if form["all"] != nil {
            // Whoever does not see all companies means the own one.
            let scope = try user.scope(for: .orderUpgrades)
            if case .company(let own, claims: _) = scope { target = .company(own) } else { target = .all }
        } else if let text = form["company"] {
            guard let company = try? CompanyID(text) else { throw DomainError.notFound(.company, text) }
            target = .company(company)
        } else {
            let names = form.keys.filter { $0.hasPrefix(Self.prefix) }.map { String($0.dropFirst(Self.prefix.count)) }
            let ids = try names.map { name in
                guard let id = try? GatewayID(name) else { throw DomainError.notFound(.gateway, name) }
                return id
            }
            guard !ids.isEmpty else {
                throw Problem(.unprocessableContent, "nothing was ordered: check at least one gateway")
            }
            target = .gateways(ids.sorted())
        }
    }

    /// The fields that say the same again.
    var hiddenFields: [[String: String]] {
        func field(_ name: String, _ value: String) -> [String: String] { ["name": name, "value": value] }
        let version = field("version", version.description)
        let origin =
            switch origin {
            case .list(let query): field("list", query.text)
            case .gateway(let id): field("page", id.rawValue)
            }
        switch target {
        case .all: return [version, origin, field("all", "true")]
        case .company(let id): return [version, origin, field("company", id.rawValue)]
        case .gateways(let ids): return [version, origin] + ids.map { field(Self.prefix + $0.rawValue, "on") }
        }
    }
}

/// What the page shows that asks whether the order is meant.
struct ConfirmPage {
    let fields: [String: Any]

    /// - Throws: ``DomainError`` for an order that would be refused.
    init(_ order: UpgradeOrderForm, services: Services, user: Principal) async throws {
        let release = try await services.releases.find(order.version, as: user).release
        var filter = GatewayFilter(approved: true)
        var fields: [String: Any] = [
            "version": order.version.description, "size": Amount.size(release.size), "sha256": release.sha256,
            "hiddenFields": order.hiddenFields, "isWithheld": release.state != .available,
            "back": order.origin.address(),
        ]
        if case .list(let query) = order.origin, query.isNarrow { fields["filter"] = query.words }
        switch order.target {
        case .all:
            fields["whom"] = "All gateways of all companies"
        case .company(let id):
            let company = try await services.companies.find(id, as: user)
            fields["whom"] = "All gateways of company \(id.rawValue.visible), \(company.name.visible)"
            filter.company = id
        case .gateways(let ids):
            var gateways: [Gateway] = []
            for id in ids {
                let gateway = try await services.gateways.find(id, as: user)
                guard gateway.approved else { throw DomainError.conflict("the gateway \(id) is not approved yet") }
                gateways.append(gateway)
            }
            fields["rows"] = gateways.map { GatewayRow(gateway: $0, newest: nil).fields }
            fields["isList"] = true
            self.fields = Self.adding(
                count: gateways.count, online: gateways.count(where: \.online),
                same: gateways.count { $0.version == order.version },
                pending: gateways.count { $0.lastUpgradeOrder?.state == .pending }, to: fields)
            return
        }
        let tally = try await services.gateways.tally(filter, as: user)
        var same = filter
        same.versions = [order.version]
        fields["isOpen"] = true
        self.fields = Self.adding(
            count: tally.total, online: tally.online,
            same: try await services.gateways.tally(same, as: user).total, pending: tally.pending, to: fields)
    }

    private static func adding(
        count: Int, online: Int, same: Int, pending: Int, to fields: [String: Any]
    ) -> [String: Any] {
        fields.merging([
            "count": Amount.gateways(count), "isNone": count == 0, "online": online, "offline": count - online,
            "hasOffline": count > online, "same": same, "hasSame": same > 0, "pending": pending,
            "hasPending": pending > 0,
        ]) { $1 }
    }
}
