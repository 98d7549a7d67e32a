/// The event log, and the part of it that a dashboard shows.
public struct EventService: Sendable {
    private let store: Store

    /// The events of `store`.
    public init(store: Store) {
        self.store = store
    }

    /// The log, by the latest time of each event, the last first.
    ///
    /// - Throws: ``DomainError/forbidden(_:)`` for those who may not read it.
    public func list(
        _ filter: EventFilter = EventFilter(), page: PageRequest, as principal: Principal
    ) async throws -> Page<Event> {
        let scope = try principal.scope(for: .viewEvents)
        return try await store.read { try $0.events.list(filter, in: scope, page) }
    }

    /// The whole log part by part, by number, the greatest first. Each event is in exactly one part, also if it is counted up while they are read.
    ///
    /// - Parameters:
    ///   - filter: which events.
    ///   - id: the least number of the part before; nil for the first.
    ///   - limit: how many at most.
    ///   - principal: who asks.
    /// - Returns: the part; one with fewer than `limit` is the last.
    /// - Throws: ``DomainError/forbidden(_:)`` for those who may not read it.
    public func batch(
        _ filter: EventFilter, below id: Int64?, limit: Int, as principal: Principal
    ) async throws -> [Event] {
        let scope = try principal.scope(for: .viewEvents)
        return try await store.read { try $0.events.batch(filter, in: scope, below: id ?? .max, limit: limit) }
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
    ///
    /// - Returns: nil when the listener cannot have been told an event of this number.
    /// - Throws: ``DomainError/forbidden(_:)`` for those who may not read the log.
    public func missed(since id: Int64, limit: Int, as principal: Principal) async throws -> [Event]? {
        let scope = try principal.scope(for: .viewEvents)
        return try await store.read { snapshot in
            guard try snapshot.events.exists(id, in: scope) else { return nil }
            return try snapshot.events.list(after: id, in: scope, limit: limit)
        }
    }
}

extension EventKind {
    fileprivate static let shownOnDashboard = Set(allCases.filter(\.showsOnDashboard))
}
