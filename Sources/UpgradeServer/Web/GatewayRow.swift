import UpgradeCore
import UpgradeProtocol

/// A gateway as a row of a table.
struct GatewayRow {
    let gateway: Gateway
    /// The newest release that is sent now.
    let newest: Version?

    /// What the template shows.
    var fields: [String: Any] {
        var row: [String: Any] = [
            "id": gateway.id.rawValue, "shownID": gateway.id.rawValue.visible, "name": gateway.name.visible,
            "path": "/gateways/\(PercentEncoding.encode(gateway.id.rawValue))",
            "presence": gateway.online ? "online" : "offline", "version": gateway.version?.description ?? "",
            "isBound": gateway.approved, "isEnabled": gateway.enabled,
            "company": gateway.companyID?.rawValue.visible ?? "quarantined",
            "mayBeApproved": !gateway.approved && gateway.claimedCompanyID != nil,
        ]
        // A section whose value is missing is left out of the page.
        row["claimed"] = gateway.companyID == nil ? gateway.claimedCompanyID?.rawValue.visible : nil
        row["upgrade"] = gateway.lastUpgradeOrder.map { last in
            ["state": last.state.rawValue, "text": "\(last.state.words) \(last.targetVersion)"]
        }
        row["newer"] = newer?.description
        row["why"] = why
        return row
    }

    /// The newest release, if the gateway does not run it or a later version.
    private var newer: Version? {
        guard let newest, gateway.approved, let version = gateway.version, version < newest else { return nil }
        return newest
    }

    /// In one sentence why the gateway does not run what it should; nil when it does.
    private var why: String? {
        if !gateway.approved {
            guard let claimed = gateway.claimedCompanyID else { return "In quarantine; it has not said whose it is." }
            return "In quarantine; it says it belongs to company \(claimed.rawValue.visible)."
        }
        if !gateway.enabled { return "Disabled: it may not connect." }
        if let last = gateway.lastUpgradeOrder {
            switch last.state {
            case .pending: return gateway.online ? "Waiting for its STATUS." : absence
            case .timedOut, .failed, .cancelled:
                if let reason = last.reason { return reason.visible.sentence }
            case .confirmed: break
            }
        }
        guard let newer else { return nil }
        return "Nobody has ordered \(newer) for it."
    }

    private var absence: String {
        guard let seen = gateway.lastSeen, let time = seen.shown["text"] as? String else {
            return "Offline; it has never been connected."
        }
        return "Offline; last heard of \(time)."
    }
}
