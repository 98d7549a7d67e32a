import UpgradeProtocol

/// The rows of the gateways that one turn deals with: each is read once, however much its gateway says in the turn.
///
/// While a turn's transaction runs nobody else writes. What the turn itself writes goes through here, or is told here.
final class GatewayRows {
    private let transaction: Transaction
    private var rows: [GatewayID: Gateway?] = [:]

    init(_ transaction: Transaction) { self.transaction = transaction }

    func find(_ id: GatewayID) throws -> Gateway? {
        if let row = rows[id] { return row }
        let row = try transaction.gateways.find(id, in: .everything)
        rows.updateValue(row, forKey: id)
        return row
    }

    /// What a query of the turn has read.
    func note(_ gateway: Gateway) { rows[gateway.id] = gateway }

    // MARK: Writing

    func insert(
        _ id: GatewayID, company: CompanyID?, claimed: CompanyID, version: Version, lastUpgrade: Timestamp?,
        online: Bool
    ) throws {
        try transaction.gateways.insert(
            id, company: company, claimed: claimed, version: version, lastUpgrade: lastUpgrade, online: online,
            lastSeen: transaction.time, at: transaction.time)
        rows[id] = nil
    }

    func recordStatus(of gateway: Gateway, version: Version, lastUpgrade: Timestamp?, claimed: CompanyID) throws {
        try transaction.gateways.recordStatus(
            gateway.id, version: version, lastUpgrade: lastUpgrade, claimed: claimed, at: transaction.time)
        var gateway = gateway
        gateway.version = version
        gateway.lastUpgrade = lastUpgrade ?? gateway.lastUpgrade
        gateway.claimedCompanyID = claimed
        gateway.lastSeen = transaction.time
        note(gateway)
    }

    func recordPresence(of gateway: Gateway, online: Bool) throws {
        try transaction.gateways.recordPresence(gateway.id, online: online, at: transaction.time)
        var gateway = gateway
        gateway.online = online
        gateway.lastSeen = transaction.time
        note(gateway)
    }

    func countBadFrame(of id: GatewayID) throws {
        try transaction.gateways.countBadFrame(id, at: transaction.time)
        rows[id] = nil
    }

    /// Writes that it was heard of, unless the row says so already.
    func recordHeard(_ id: GatewayID) throws {
        guard let gateway = try find(id), gateway.lastSeen != transaction.time else { return }
        try transaction.gateways.recordHeard(id, at: transaction.time)
        rows[id] = nil
    }

    /// The turn wrote an upgrade of the gateway: a trigger has changed its row.
    func upgradeChanged(of id: GatewayID) { rows[id] = nil }
}
