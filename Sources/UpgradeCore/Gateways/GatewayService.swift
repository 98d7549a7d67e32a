public import UpgradeProtocol

/// The fleet: what it is, and what people change about it.
public struct GatewayService: Sendable {
    let store: Store
    let engine: UpgradeEngine?

    /// The gateways of `store`. The engine knows why an upgrade is pending better than the database does.
    public init(store: Store, engine: UpgradeEngine? = nil) {
        self.store = store
        self.engine = engine
    }

    /// By id.
    public func list(
        _ filter: GatewayFilter = GatewayFilter(), page: PageRequest, as principal: Principal
    ) async throws -> Page<Gateway> {
        let scope = try principal.scope(for: .viewGateways)
        return try await store.read { try $0.gateways.list(filter, in: scope, page) }
    }

    /// - Throws: ``DomainError/notFound(_:_:)``.
    public func find(_ id: GatewayID, as principal: Principal) async throws -> Gateway {
        let scope = try principal.scope(for: .viewGateways)
        return try await store.read { snapshot in
            guard let gateway = try snapshot.gateways.find(id, in: scope) else { throw Self.notFound(id) }
            return gateway
        }
    }

    /// What happened to a gateway, newest first.
    ///
    /// - Throws: ``DomainError/notFound(_:_:)``, and ``DomainError/forbidden(_:)`` for those who may not read events.
    public func events(of id: GatewayID, page: PageRequest, as principal: Principal) async throws -> Page<Event> {
        let scope = try principal.scope(for: .viewEvents)
        let gateways = try principal.scope(for: .viewGateways)
        return try await store.read { snapshot in
            guard try snapshot.gateways.find(id, in: gateways) != nil else { throw Self.notFound(id) }
            return try snapshot.events.list(EventFilter(gateway: id), in: scope, page)
        }
    }

    /// The fleet in numbers; of one company if `company` is given.
    public func summary(company: CompanyID? = nil, as principal: Principal) async throws -> FleetSummary {
        let scope = try principal.scope(for: .viewDashboard)
        let filter = GatewayFilter(company: company)
        return try await store.read { try $0.fleetSummary(filter, in: scope) }
    }

    /// Changes the name, the place or the company of a gateway.
    ///
    /// - Parameters:
    ///   - id: the gateway.
    ///   - changes: what is to be different.
    ///   - principal: who changes it. Only those who may move gateways may name a company, whichever it is.
    /// - Returns: the gateway as it is now.
    /// - Throws: ``DomainError``.
    public func update(_ id: GatewayID, _ changes: GatewayChanges, as principal: Principal) async throws -> Gateway {
        let scope = try principal.scope(for: .manageGateways)
        if changes.companyID != nil { _ = try principal.scope(for: .moveGateways) }
        let changes = try changes.checked()
        return try await store.write { transaction in
            let before = try Self.find(id, in: scope, transaction)
            var gateway = before
            changes.apply(to: &gateway)
            if let company = changes.companyID, try transaction.companies.find(company, in: .everything) == nil {
                throw DomainError.invalid(
                    field: "companyId", problem: "there is no company \(quoted(company.rawValue))")
            }
            guard gateway != before else { return before }
            try transaction.gateways.update(gateway)
            try transaction.append(movingFrom: before, to: gateway, by: principal)
            try transaction.append(changingFrom: before, to: gateway, by: principal)
            transaction.changes.add(before)
            transaction.changes.add(gateway)
            return gateway
        }
    }

    /// Lets a gateway out of quarantine: binds it to the company that it claims, which is made if it does not exist.
    /// Nothing changes for one that is bound already.
    ///
    /// - Throws: ``DomainError/conflict(_:)`` when the gateway has not yet said which company it belongs to.
    public func approve(_ id: GatewayID, as principal: Principal) async throws -> Gateway {
        let scope = try principal.scope(for: .manageGateways)
        return try await store.write { transaction in
            var gateway = try Self.find(id, in: scope, transaction)
            if gateway.approved { return gateway }
            guard let claimed = gateway.claimedCompanyID else {
                throw DomainError.conflict(
                    "gateway \(id) has not sent a STATUS yet, so its company is unknown; move it to a company instead")
            }
            let company = try transaction.companyMakingIfAbsent(claimed, by: principal.username, because: id)
            gateway.companyID = company.id
            try transaction.gateways.update(gateway)
            try transaction.append(
                EventDraft(
                    .gatewayApproved, by: principal.username, gateway: id, company: company.id,
                    "approved for company \(company.id)"))
            transaction.changes.add(gateway)
            return gateway
        }
    }

    /// Lets a gateway connect, or refuses it from now on.
    ///
    /// - Returns: the gateway as it is now.
    /// - Throws: ``DomainError``.
    public func setEnabled(_ enabled: Bool, _ id: GatewayID, as principal: Principal) async throws -> Gateway {
        let scope = try principal.scope(for: .manageGateways)
        return try await store.write { transaction in
            var gateway = try Self.find(id, in: scope, transaction)
            guard gateway.enabled != enabled else { return gateway }
            gateway.enabled = enabled
            try transaction.gateways.update(gateway)
            try transaction.append(
                EventDraft(
                    enabled ? .gatewayEnabled : .gatewayDisabled, by: principal.username, gateway: id,
                    company: gateway.companyID, enabled ? "may connect" : "may not connect any more"))
            transaction.changes.add(gateway)
            return gateway
        }
    }

    /// Forgets a gateway and what was ordered for it. Its events stay. If it says STATUS again, it is a new one.
    ///
    /// - Throws: ``DomainError``.
    public func remove(_ id: GatewayID, as principal: Principal) async throws {
        let scope = try principal.scope(for: .manageGateways)
        try await store.write { transaction in
            let gateway = try Self.find(id, in: scope, transaction)
            try transaction.gateways.delete(id)
            try transaction.append(
                EventDraft(
                    .gatewayRemoved, by: principal.username, gateway: id, company: gateway.companyID,
                    "\(gateway.name) removed"))
            transaction.changes.add(gateway)
        }
    }

    private static func find(_ id: GatewayID, in scope: Scope, _ transaction: Transaction) throws -> Gateway {
        guard let gateway = try transaction.gateways.find(id, in: scope) else { throw notFound(id) }
        return gateway
    }

    static func notFound(_ id: GatewayID) -> DomainError {
        .notFound(.gateway, id.rawValue)
    }
}

extension Snapshot {
    func fleetSummary(_ filter: GatewayFilter, in scope: Scope) throws -> FleetSummary {
        var online = filter
        online.online = true
        var quarantined = filter
        quarantined.approved = false
        return FleetSummary(
            online: try gateways.count(online, in: scope), quarantined: try gateways.count(quarantined, in: scope),
            versions: try gateways.versions(filter, in: scope), states: try gateways.states(filter, in: scope))
    }
}

extension Transaction {
    /// Both companies learn of a move.
    fileprivate func append(movingFrom before: Gateway, to after: Gateway, by principal: Principal) throws {
        guard let company = after.companyID, company != before.companyID else { return }
        if let former = before.companyID {
            let detail = "moved from company \(former) to another"
            try append(
                EventDraft(.gatewayMoved, by: principal.username, gateway: after.id, company: former, detail))
        }
        let detail = before.companyID == nil ? "approved for company \(company)" : "moved to company \(company)"
        let kind = before.companyID == nil ? EventKind.gatewayApproved : .gatewayMoved
        try append(EventDraft(kind, by: principal.username, gateway: after.id, company: company, detail))
    }

    fileprivate func append(changingFrom before: Gateway, to after: Gateway, by principal: Principal) throws {
        var changes: [String] = []
        if after.name != before.name { changes.append("name \(quoted(before.name)) is now \(quoted(after.name))") }
        if after.address != before.address { changes.append("address \(quoted(after.address ?? ""))") }
        if (after.latitude, after.longitude) != (before.latitude, before.longitude) { changes.append("place") }
        guard !changes.isEmpty else { return }
        try append(
            EventDraft(
                .gatewayChanged, by: principal.username, gateway: after.id, company: after.companyID,
                changes.joined(separator: "; ")))
    }
}
