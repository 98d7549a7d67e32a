public import UpgradeProtocol

/// A gateway, and why it is not upgraded.
public struct ExplainedGateway: Sendable, Equatable {
    /// The gateway.
    public let gateway: Gateway
    /// Nil when it runs the newest release.
    public let explanation: UpgradeExplanation?
}

extension GatewayService {
    /// Why a gateway is not upgraded; nil when it runs the newest release and nothing is pending.
    ///
    /// - Throws: ``DomainError/notFound(_:_:)``.
    public func explanation(of id: GatewayID, as principal: Principal) async throws -> UpgradeExplanation? {
        try await findExplained(id, as: principal).explanation
    }

    /// - Throws: ``DomainError/notFound(_:_:)``.
    public func findExplained(_ id: GatewayID, as principal: Principal) async throws -> ExplainedGateway {
        let scope = try principal.scope(for: .viewGateways)
        let facts = try await store.read { snapshot in
            guard let gateway = try snapshot.gateways.find(id, in: scope) else { throw Self.notFound(id) }
            return try snapshot.upgradeFacts(about: [gateway])
        }
        guard let gateway = explained(facts).first else { throw Self.notFound(id) }
        return gateway
    }

    /// The same as ``list(_:page:as:)``, explained; it costs two queries more, however long the page is.
    public func listExplained(
        _ filter: GatewayFilter = GatewayFilter(), page: PageRequest, as principal: Principal
    ) async throws -> Page<ExplainedGateway> {
        let scope = try principal.scope(for: .viewGateways)
        let (page, facts) = try await store.read { snapshot in
            let page = try snapshot.gateways.list(filter, in: scope, page)
            return (page, try snapshot.upgradeFacts(about: page.items))
        }
        return Page(items: explained(facts), total: page.total, nextCursor: page.nextCursor)
    }

    /// A gateway that was just read or changed, explained.
    public func explained(_ gateway: Gateway) async throws -> ExplainedGateway {
        let facts = try await store.read { try $0.upgradeFacts(about: [gateway]) }
        return explained(facts).first ?? ExplainedGateway(gateway: gateway, explanation: nil)
    }

    func explained(_ facts: UpgradeFacts) -> [ExplainedGateway] {
        facts.explained(engine, at: engine?.wallTime ?? .now())
    }
}

/// What the database knows of why gateways are not upgraded.
struct UpgradeFacts: Sendable {
    var gateways: [Gateway]
    var upgrades: [GatewayID: NewestUpgrade]
    var newestRelease: Version?

    /// With what the engine knows besides.
    func explained(_ engine: UpgradeEngine?, at now: Timestamp) -> [ExplainedGateway] {
        let situations = engine?.situations(of: gateways.lazy.map(\.id)) ?? [:]
        return gateways.map { gateway in
            let newest = upgrades[gateway.id]
            return ExplainedGateway(
                gateway: gateway,
                explanation: UpgradeExplanation(
                    of: gateway, upgrade: newest?.upgrade, release: newest?.release ?? .available,
                    newest: newestRelease, situation: situations[gateway.id], at: now))
        }
    }
}

extension Snapshot {
    func upgradeFacts(about gateways: [Gateway]) throws -> UpgradeFacts {
        UpgradeFacts(
            gateways: gateways, upgrades: try deploymentQueries.newestUpgrades(of: gateways),
            newestRelease: try releases.newestAvailable())
    }
}
