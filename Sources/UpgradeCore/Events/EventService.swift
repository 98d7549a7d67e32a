/// The event log, and the part of it that a dashboard shows.
public struct EventService: Sendable {
    private let store: Store

    /// The events of `store`.
    public init(store: Store) {
        self.store = store
    }

    /// The log, newest first.
    ///
    /// - Throws: ``DomainError/forbidden(_:)`` for those who may not read it.
    public func list(
        _ filter: EventFilter = EventFilter(), page: PageRequest, as principal: Principal
    ) async throws -> Page<Event> {
        let scope = try principal.scope(for: .viewEvents)
        return try await store.read { try $0.events.list(filter, in: scope, page) }
    }

    /// What a dashboard shows, newest first: for those who may not read the log, what concerns gateways alone.
    public func latest(page: PageRequest, as principal: Principal) async throws -> Page<Event> {
        let dashboard = try principal.scope(for: .viewDashboard)
        let scope = principal.may(.viewEvents) ? try principal.scope(for: .viewEvents) : dashboard
        let filter = principal.may(.viewEvents) ? EventFilter() : EventFilter(kinds: EventKind.shownOnDashboard)
        return try await store.read { try $0.events.list(filter, in: scope, page) }
    }

    /// What a listener missed since the event numbered `id`, oldest first. Counted events whose count went up meanwhile
    /// are not among them.
    public func missed(since id: Int64, limit: Int, as principal: Principal) async throws -> [Event] {
        let log = principal.may(.viewEvents)
        let scope = try principal.scope(for: log ? .viewEvents : .viewDashboard)
        return try await store.read { try $0.events.list(after: id, in: scope, limit: limit) }
            .filter { log || $0.kind.showsOnDashboard }
    }
}

extension EventKind {
    fileprivate static let shownOnDashboard = Set(allCases.filter(\.showsOnDashboard))
}
