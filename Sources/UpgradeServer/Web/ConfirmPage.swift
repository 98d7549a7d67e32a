import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What the page shows that asks whether the order is meant: what is sent to whom and when, and who gets nothing, and why.
struct ConfirmPage {
    let fields: [String: Any]

    /// - Throws: ``DomainError`` for an order that would be refused.
    init(_ order: UpgradeOrderForm, services: Services, user: Principal) async throws {
        let release = try await services.releases.find(order.version, as: user).release
        var filter = GatewayFilter()
        var fields: [String: Any] = [
            "version": order.version.description, "size": Amount.size(release.size), "sha256": release.sha256,
            "hiddenFields": order.hiddenFields, "isWithheld": release.state != .available,
            "back": order.origin.address(),
            // It answers a form, and cannot be asked for whether its session still holds.
            "origin": order.origin.address(),
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
            fields["rows"] = gateways.map { gateway in
                GatewayRow(gateway: gateway, newest: nil).fields.merging(
                    ["fate": OrderFate(of: gateway, at: order.version).words]
                ) { $1 }
            }
            fields["isList"] = true
            self.fields = OrderTally(of: gateways, for: order.version).fields(order.version).merging(fields) { $1 }
            return
        }
        fields["isOpen"] = true
        let tally = try await OrderTally(filter, for: order.version, services: services, user: user)
        self.fields = tally.fields(order.version).merging(fields) { $1 }
    }
}

/// What becomes of one gateway of an order at first.
private enum OrderFate {
    case now
    case later
    case nothingToDo
    case disabled

    init(of gateway: Gateway, at version: Version) {
        self =
            if gateway.version == version {
                .nothingToDo
            } else if !gateway.enabled {
                .disabled
            } else {
                gateway.online ? .now : .later
            }
    }

    var words: String {
        switch self {
        case .now: "sent now"
        case .later: "sent when it is back"
        case .nothingToDo: "nothing is sent: it reports this version"
        case .disabled: "nothing is sent while it is disabled"
        }
    }
}

/// Whom an order reaches, in numbers.
private struct OrderTally {
    /// All that the order includes.
    var total = 0
    /// Those that report the version, to whom nothing is sent.
    var same = 0
    /// Those that may not connect, of the rest.
    var disabled = 0
    /// Those that are connected, of the rest.
    var online = 0
    /// Those whose present order this one replaces.
    var pending = 0
    /// Those that would be meant if they were approved; the order does not include them.
    var quarantined = 0

    init(of gateways: [Gateway], for version: Version) {
        total = gateways.count
        pending = gateways.count { $0.lastUpgradeOrder?.state == .pending }
        for gateway in gateways {
            switch OrderFate(of: gateway, at: version) {
            case .now: online += 1
            case .later: break
            case .nothingToDo: same += 1
            case .disabled: disabled += 1
            }
        }
    }

    init(_ filter: GatewayFilter, for version: Version, services: Services, user: Principal) async throws {
        func tally(_ narrow: (inout GatewayFilter) -> Void) async throws -> GatewayTally {
            var filter = filter
            filter.approved = true
            narrow(&filter)
            return try await services.gateways.tally(filter, as: user)
        }
        let all = try await tally { _ in }
        let same = try await tally { $0.versions = [version] }
        let disabled = try await tally { $0.enabled = false }
        let disabledSame = try await tally {
            $0.enabled = false
            $0.versions = [version]
        }
        total = all.total
        pending = all.pending
        self.same = same.total
        self.disabled = disabled.total - disabledSame.total
        online = all.online - same.online - (disabled.online - disabledSame.online)
        quarantined = try await tally { $0.approved = false }.total
    }

    /// Those that the release is sent to, now or when they are back.
    private var reached: Int { max(0, total - same - disabled) }

    func fields(_ version: Version) -> [String: Any] {
        var nothing: [String] = []
        if same > 0 {
            nothing.append("\(Amount.gateways(same)) \(same == 1 ? "reports" : "report") version \(version) already.")
        }
        if disabled > 0 {
            nothing.append(
                "\(Amount.gateways(disabled)) \(disabled == 1 ? "is" : "are") disabled; "
                    + "the order waits until somebody enables \(disabled == 1 ? "it" : "them").")
        }
        if quarantined > 0 {
            nothing.append(
                "\(Amount.gateways(quarantined)) \(quarantined == 1 ? "is" : "are") in quarantine, "
                    + "and not part of the order.")
        }
        let offline = reached - online
        return [
            "count": Amount.gateways(reached), "total": Amount.gateways(total), "isNone": total == 0,
            "isIdle": reached == 0, "isPart": reached < total,
            "share": reached == 0 ? "none gets" : reached == 1 ? "1 gets" : "\(reached) get", "online": online,
            "hasOnline": online > 0,
            "offline": offline, "hasOffline": offline > 0, "pending": pending, "hasPending": pending > 0,
            "nothing": nothing, "hasNothing": !nothing.isEmpty,
        ]
    }
}
