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
