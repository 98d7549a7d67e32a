public import UpgradeProtocol

/// Something that happened to a gateway, and the order that it is part of.
public struct GatewayHistoryEntry: Sendable, Equatable, Identifiable {
    /// What happened.
    public let event: Event
    /// Who ordered what, for the steps of an upgrade; nil for everything else.
    public let order: Order?

    /// The event's number.
    public var id: Int64 { event.id }

    /// An order, as far as the history of one gateway tells of it.
    public struct Order: Sendable, Equatable {
        /// Its number.
        public let deployment: DeploymentID
        /// What was ordered.
        public let version: Version
        /// The user, or the operator at the control socket.
        public let createdBy: String
        /// When it was ordered.
        public let createdAt: Timestamp
    }
}

extension GatewayService {
    /// Everything that happened to a gateway, the newest first: who ordered which version when, when it was sent, delivered, confirmed or
    /// not; versions that it reported, refused frames, connections, and what people did to it.
    ///
    /// - Parameters:
    ///   - id: the gateway.
    ///   - kinds: only these; nil for all.
    ///   - page: which part.
    ///   - principal: who asks. Only what happened while the gateway belonged to a company that he may see is told.
    /// - Returns: the events, each with the order that it belongs to.
    /// - Throws: ``DomainError/notFound(_:_:)``, and ``DomainError/forbidden(_:)`` for those who may not read events.
    public func history(
        of id: GatewayID, kinds: Set<EventKind>? = nil, page: PageRequest, as principal: Principal
    ) async throws -> Page<GatewayHistoryEntry> {
        let scope = try principal.scope(for: .viewEvents)
        let gateways = try principal.scope(for: .viewGateways)
        return try await store.read { snapshot in
            guard try snapshot.gateways.find(id, in: gateways) != nil else { throw Self.notFound(id) }
            let events = try snapshot.events.list(EventFilter(gateway: id, kinds: kinds), in: scope, page)
            let orders = try snapshot.deployments.orders(Set(events.items.compactMap(\.deploymentID)))
            return events.map { event in
                GatewayHistoryEntry(event: event, order: event.deploymentID.flatMap { orders[$0] })
            }
        }
    }
}
