public import UpgradeProtocol

/// Something that happened, as `/events` shows it.
public struct EventBody: Codable, Sendable, Equatable {
    /// Its number; later events have larger ones.
    public var id: Int64
    /// When it happened.
    public var time: RFC3339Time
    /// What happened, as a stable name for programs.
    public var kind: String
    /// The user name of who did it; nil when a gateway or the daemon did.
    @Nullable public var actor: String?
    /// The gateway concerned.
    @Nullable public var gatewayId: GatewayID?
    /// The company concerned.
    @Nullable public var companyId: CompanyID?
    /// The rest, for people: one line.
    public var detail: String
    /// The deployment that it is part of; left out if there is none.
    public var deploymentId: Int64?
    /// Who ordered that deployment; in `/gateways/{id}/events` alone.
    public var orderedBy: String?

    /// An event.
    public init(
        id: Int64, time: RFC3339Time, kind: String, actor: String?, gatewayId: GatewayID?, companyId: CompanyID?,
        detail: String, deploymentId: Int64? = nil, orderedBy: String? = nil
    ) {
        self.id = id
        self.time = time
        self.kind = kind
        self.actor = actor
        self.gatewayId = gatewayId
        self.companyId = companyId
        self.detail = detail
        self.deploymentId = deploymentId
        self.orderedBy = orderedBy
    }
}

/// The filters of `GET /events`; nil does not filter.
public struct EventQuery: Sendable, Equatable {
    /// Events of this gateway.
    public var gateway: GatewayID?
    /// Events that this user caused.
    public var user: String?
    /// Events of these kinds; empty does not filter.
    public var kinds: [String]
    /// Events from this time on.
    public var since: RFC3339Time?
    /// Events before this time.
    public var until: RFC3339Time?

    /// Filters for events.
    public init(
        gateway: GatewayID? = nil, user: String? = nil, kinds: [String] = [], since: RFC3339Time? = nil,
        until: RFC3339Time? = nil
    ) {
        self.gateway = gateway
        self.user = user
        self.kinds = kinds
        self.since = since
        self.until = until
    }

    var items: [QueryItem] {
        [
            ("gateway", gateway?.rawValue), ("user", user),
            ("kind", kinds.isEmpty ? nil : kinds.joined(separator: ",")), ("since", since?.description),
            ("until", until?.description),
        ]
    }
}

extension APIClient {
    /// `GET /events`, newest first.
    public func events(
        _ query: EventQuery = EventQuery(), page: PageQuery = PageQuery()
    ) async throws(APIError) -> PageBody<EventBody> {
        try await get(["events"], query: query.items + page.items)
    }
}
