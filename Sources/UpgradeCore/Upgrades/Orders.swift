import UpgradeProtocol

/// This version, for these gateways.
struct OrderRequest: Sendable {
    let version: Version
    let target: DeploymentTarget
    let principal: Principal
}

/// Whatever is pending of this deployment, as far as it is the principal's.
struct CancellationRequest: Sendable {
    let deployment: DeploymentID
    let principal: Principal
}

extension EngineState {
    /// Nothing has been written when it throws a ``DomainError``.
    mutating func order(_ request: OrderRequest, _ turn: inout Turn) throws -> Deployment {
        let scope = try request.principal.scope(for: .orderUpgrades)
        let transaction = turn.transaction
        guard let release = try transaction.releases.find(request.version) else {
            throw DomainError.notFound(.release, "\(request.version)")
        }
        let target = try request.target.narrowed(to: scope)
        let recipients = try gatewaysOf(target, in: scope, transaction)
        // The catalogue may not have heard of a release that was added a moment ago.
        if common.catalogue[release.id] == nil { try releasesChanged(&turn) }

        let deployment = try transaction.deployments.insert(
            release, target: target, by: request.principal.username, at: transaction.time)
        try transaction.append(
            EventDraft(
                .deploymentCreated, by: deployment.createdBy, company: target.company(in: scope),
                deployment: deployment.id, "\(release.version) to \(target): \(counted(recipients.count))"))
        turn.ordered.append(deployment.id)
        for gateway in recipients {
            try supersede(gateway.id, by: deployment, &turn)
            try begin(deployment, for: gateway, &turn)
        }
        return deployment
    }

    /// Everybody whom an order is for. One whom the principal may not upgrade refuses the whole order.
    private func gatewaysOf(
        _ target: DeploymentTarget, in scope: Scope, _ transaction: Transaction
    ) throws -> [Gateway] {
        var filter = GatewayFilter()
        filter.approved = true
        switch target {
        case .gateways(let ids):
            if ids.isEmpty { throw DomainError.invalid(field: "target.gateways", problem: "names no gateway") }
            return try ids.map { id in
                guard let gateway = try transaction.gateways.find(id, in: scope) else {
                    throw DomainError.notFound(.gateway, id.rawValue)
                }
                if !gateway.approved { throw DomainError.conflict("the gateway \(id) is not approved yet") }
                return gateway
            }
        case .company(let company):
            guard try transaction.companies.find(company, in: scope) != nil else {
                throw DomainError.notFound(.company, company.rawValue)
            }
            filter.company = company
        case .all: break
        }
        var gateways: [Gateway] = []
        try transaction.gateways.forEach(filter, in: scope) { gateways.append($0) }
        return gateways
    }

    private mutating func supersede(_ gateway: GatewayID, by deployment: Deployment, _ turn: inout Turn) throws {
        stopSending(to: gateway, &turn)
        let reason = "superseded by \(deployment.id)"
        guard let change = gateways[gateway]?.upgrade?.machine.cancel(reason: reason) else { return }
        try record(change, gateway, supersededBy: deployment.id, by: deployment.createdBy, &turn)
    }

    private mutating func begin(_ deployment: Deployment, for gateway: Gateway, _ turn: inout Turn) throws {
        let transaction = turn.transaction
        let machine = UpgradeMachine(
            target: deployment.version, knownVersion: gateway.version, at: turn.now, policy: configuration.policy)
        try transaction.upgrades.insert(machine, of: deployment.id, gateway.id, at: transaction.time)
        turn.gateways.upgradeChanged(of: gateway.id)
        try transaction.append(
            EventDraft(
                .upgradeOrdered, by: deployment.createdBy, gateway: gateway.id, company: gateway.companyID,
                deployment: deployment.id, "\(deployment.version)"))
        if machine.state == .pending {
            with(gateway.id) {
                $0.upgrade = LiveUpgrade(deployment: deployment.id, release: deployment.releaseID, machine: machine)
            }
            common.deployments.began(deployment.id, deployment.releaseID, isForAll: deployment.target == .all)
            common.agenda.note(gateway.id, at: machine.deadline)
            turn.reconcile.insert(gateway.id)
        } else {
            try transaction.append(
                EventDraft(
                    .upgradeConfirmed, gateway: gateway.id, company: gateway.companyID, deployment: deployment.id,
                    "already on \(deployment.version)"))
        }
        transaction.changes.add(gateway)
        transaction.changes.add(deployment: deployment.id, company: gateway.companyID)
    }

    /// Nothing has been written when it throws a ``DomainError``.
    mutating func cancel(_ request: CancellationRequest, _ turn: inout Turn) throws -> Deployment {
        let scope = try request.principal.scope(for: .orderUpgrades)
        let transaction = turn.transaction
        guard let deployment = try transaction.deploymentQueries.find(request.deployment, in: scope) else {
            throw DomainError.notFound(.deployment, "\(request.deployment)")
        }
        let pending = try transaction.upgrades.pendingGateways(of: deployment.id, in: scope)
        // Nothing is left to call off: nothing happens, and there is nothing to tell of.
        guard !pending.isEmpty else { return deployment }
        let actor = request.principal.username
        try transaction.append(
            EventDraft(
                .deploymentCancelled, by: actor, company: deployment.target.company(in: scope),
                deployment: deployment.id, "\(deployment.version), pending for \(counted(pending.count))"))
        for gateway in pending {
            guard let change = gateways[gateway]?.upgrade?.machine.cancel(reason: "cancelled by \(actor)") else {
                continue
            }
            try record(change, gateway, by: actor, &turn)
            stopSending(to: gateway, &turn)
        }
        return deployment
    }
}

private func counted(_ gateways: Int) -> String { gateways == 1 ? "1 gateway" : "\(gateways) gateways" }

extension DeploymentTarget {
    /// What somebody's words mean who may go no further than `scope`: *all* of a company's administrator are that company's.
    /// Each gateway is named once.
    fileprivate func narrowed(to scope: Scope) throws(DomainError) -> DeploymentTarget {
        switch (self, scope) {
        case (.gateways(let gateways), _):
            var seen: Set<GatewayID> = []
            return .gateways(gateways.filter { seen.insert($0).inserted })
        case (.all, .company(let own, claims: _)): return .company(own)
        default: return self
        }
    }

    /// Whose event log tells of a deployment.
    fileprivate func company(in scope: Scope) -> CompanyID? {
        switch (self, scope) {
        case (_, .company(let own, claims: _)): own
        case (.company(let company), _): company
        default: nil
        }
    }
}

extension DeploymentTarget: CustomStringConvertible {
    /// For a line in a log.
    public var description: String {
        switch self {
        case .gateways(let gateways):
            gateways.prefix(3).map(\.rawValue).joined(separator: ", ") + (gateways.count > 3 ? ", …" : "")
        case .company(let company): "company \(company)"
        case .all: "all"
        }
    }
}
