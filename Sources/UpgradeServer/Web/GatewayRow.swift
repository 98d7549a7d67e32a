import UpgradeCore
import UpgradeProtocol

/// A gateway as a row of a table.
struct GatewayRow {
    let gateway: Gateway
    /// The newest release that is sent now.
    let newest: Version?
    /// Why it is not upgraded.
    var explanation: UpgradeExplanation?
    /// How far its executable has got, if it is on its way.
    var transfer: TransferProgress?

    /// What the template shows.
    var fields: [String: Any] {
        var row: [String: Any] = [
            "id": gateway.id.rawValue, "shownID": gateway.id.rawValue.visible, "name": gateway.name.visible,
            "path": GatewayPage.path(of: gateway.id),
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
        row["why"] = explanation?.sentence(writing: \.toTheMinute).visible.sentence
        row["transfer"] = transfer.map { transfer in
            [
                "sent": transfer.bytesSent, "total": transfer.bytesTotal,
                "text": Amount.part(transfer.bytesSent, of: transfer.bytesTotal),
            ] as [String: Any]
        }
        return row
    }

    /// The newest release, if the gateway does not run it or a later version.
    private var newer: Version? {
        guard let newest, gateway.approved, let version = gateway.version, version < newest else { return nil }
        return newest
    }
}

extension GatewayRow {
    init(_ explained: ExplainedGateway, newest: Version?, transfer: TransferProgress? = nil) {
        self.init(
            gateway: explained.gateway, newest: newest, explanation: explained.explanation, transfer: transfer)
    }
}

extension Services {
    /// The transfers under way that the principal may see, by gateway.
    func transfers(as principal: Principal) async throws -> [GatewayID: TransferProgress] {
        let transfers = try await gateways.transfersUnderWay(as: principal)
        return Dictionary(transfers.map { ($0.gateway, $0) }, uniquingKeysWith: { $1 })
    }
}

/// A step of a gateway's history as a row of a table or an item of a list.
struct HistoryRow {
    let entry: GatewayHistoryEntry

    /// What the template shows.
    var fields: [String: Any] {
        var row = EventRow(event: entry.event).fields
        row["order"] = entry.order.map { order in
            [
                "number": order.deployment.description, "version": order.version.description,
                "createdBy": order.createdBy.visible,
            ]
        }
        if entry.event.actor == entry.order?.createdBy { row["actor"] = nil }
        // `gateway connected connected` says it twice.
        if let kind = row["kind"] as? String, kind.hasSuffix(" \(entry.event.detail)") { row["detail"] = "" }
        return row
    }
}
