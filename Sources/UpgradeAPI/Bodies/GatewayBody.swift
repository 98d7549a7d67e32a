public import UpgradeProtocol

/// A gateway, as `/gateways` shows it.
public struct GatewayBody: Codable, Sendable, Equatable {
    /// Its id, also its MQTT client id.
    public var id: GatewayID
    /// The company it belongs to; nil until it is approved.
    @Nullable public var companyId: CompanyID?
    /// The company that it names in its STATUS; nil when it never sent one.
    @Nullable public var claimedCompanyId: CompanyID?
    /// Its name.
    public var name: String
    /// Where it stands, as people wrote it.
    @Nullable public var address: String?
    /// Degrees north.
    @Nullable public var latitude: Double?
    /// Degrees east.
    @Nullable public var longitude: Double?
    /// Whether it may connect.
    public var enabled: Bool
    /// Whether it has left quarantine.
    public var approved: Bool
    /// Whether the fleet's shared secret does not open its id: it has a secret of its own, or proved itself by a certificate.
    public var enrolled: Bool
    /// The version it last reported.
    @Nullable public var version: Version?
    /// The time of its last upgrade, as it reported it.
    @Nullable public var lastUpgrade: RFC3339Time?
    /// Whether it is connected.
    public var online: Bool
    /// When it was last heard of.
    @Nullable public var lastSeen: RFC3339Time?
    /// The state of its last upgrade; nil when nothing was ever ordered.
    @Nullable public var state: UpgradeStateName?
    /// The version its last upgrade was to bring.
    @Nullable public var targetVersion: Version?
    /// How many of its frames were refused for a wrong length or CRC.
    public var badFrames: Int
    /// Why its last upgrade ended as it did; where that says nothing, ``explanation``.
    @Nullable public var reason: String?
    /// Why it is not upgraded, in one sentence; nil when it runs the newest release and nothing is pending.
    @Nullable public var explanation: String?

    /// A gateway.
    public init(
        id: GatewayID, companyId: CompanyID?, claimedCompanyId: CompanyID?, name: String, address: String?,
        latitude: Double?, longitude: Double?, enabled: Bool, approved: Bool, enrolled: Bool,
        version: Version?, lastUpgrade: RFC3339Time?, online: Bool, lastSeen: RFC3339Time?, state: UpgradeStateName?,
        targetVersion: Version?, badFrames: Int, reason: String?, explanation: String? = nil
    ) {
        self.id = id
        self.companyId = companyId
        self.claimedCompanyId = claimedCompanyId
        self.name = name
        self.address = address
        self.latitude = latitude
        self.longitude = longitude
        self.enabled = enabled
        self.approved = approved
        self.enrolled = enrolled
        self.version = version
        self.lastUpgrade = lastUpgrade
        self.online = online
        self.lastSeen = lastSeen
        self.state = state
        self.targetVersion = targetVersion
        self.badFrames = badFrames
        self.reason = reason
        self.explanation = explanation
    }
}

/// Body of `PATCH /gateways/{id}`: what is left out stays.
public struct GatewayPatch: RequestBody, Equatable {
    /// The members of this body.
    public enum CodingKeys: String, CodingKey, CaseIterable { case name, companyId, address, latitude, longitude }

    /// Where a gateway stands may be unknown.
    public static var clearable: [CodingKeys] { [.address, .latitude, .longitude] }

    /// The new name.
    public var name: String?
    /// The company to move it to; a super user's right.
    public var companyId: CompanyID?
    /// The new address.
    public var address: Clearable<String>
    /// Degrees north, -90 to 90.
    public var latitude: Clearable<Double>
    /// Degrees east, -180 to 180.
    public var longitude: Clearable<Double>

    /// A change to a gateway.
    public init(
        name: String? = nil, companyId: CompanyID? = nil, address: Clearable<String> = .keep,
        latitude: Clearable<Double> = .keep, longitude: Clearable<Double> = .keep
    ) {
        self.name = name
        self.companyId = companyId
        self.address = address
        self.latitude = latitude
        self.longitude = longitude
    }
}

/// The filters of `GET /gateways`; nil does not filter.
public struct GatewayQuery: Sendable, Equatable {
    /// Gateways of this company.
    public var company: CompanyID?
    /// Gateways that report this version.
    public var version: Version?
    /// Gateways whose last upgrade is in this state.
    public var state: UpgradeStateName?
    /// Connected ones, or those that are not.
    public var online: Bool?
    /// Gateways whose id, name or address contains this text.
    public var search: String?

    /// Filters for gateways.
    public init(
        company: CompanyID? = nil, version: Version? = nil, state: UpgradeStateName? = nil, online: Bool? = nil,
        search: String? = nil
    ) {
        self.company = company
        self.version = version
        self.state = state
        self.online = online
        self.search = search
    }

    var items: [QueryItem] {
        [
            ("company", company?.rawValue), ("version", version?.description), ("state", state?.rawValue),
            ("online", online?.description), ("search", search),
        ]
    }
}

/// What `POST /gateways/{id}/…` does to a gateway, and answers with it. None of them takes a body.
public enum GatewayAction: String, Sendable, CaseIterable {
    /// Lets a quarantined gateway in and binds it to the company that it claims.
    case approve
    /// Lets it connect again.
    case enable
    /// Disconnects it and refuses it until it is enabled.
    case disable
    /// Makes its own secret void, and forgets that it proved itself by a certificate.
    case revoke
}

extension APIClient {
    /// `GET /gateways`.
    public func gateways(
        _ query: GatewayQuery = GatewayQuery(), page: PageQuery = PageQuery()
    ) async throws(APIError) -> PageBody<GatewayBody> {
        try await get(["gateways"], query: query.items + page.items)
    }

    /// `GET /gateways/{id}`.
    public func gateway(_ id: GatewayID) async throws(APIError) -> GatewayBody {
        try await get(["gateways", id.rawValue])
    }

    /// `PATCH /gateways/{id}`.
    public func updateGateway(_ id: GatewayID, _ body: GatewayPatch) async throws(APIError) -> GatewayBody {
        try await patch(["gateways", id.rawValue], body: body)
    }

    /// `DELETE /gateways/{id}`.
    public func removeGateway(_ id: GatewayID) async throws(APIError) {
        try await delete(["gateways", id.rawValue])
    }

    /// `POST /gateways/{id}/approve`, `/enable`, `/disable`, `/revoke`.
    public func perform(_ action: GatewayAction, on id: GatewayID) async throws(APIError) -> GatewayBody {
        try await post(["gateways", id.rawValue, action.rawValue])
    }

    /// `GET /gateways/{id}/events`, newest first.
    public func events(of id: GatewayID, page: PageQuery = PageQuery()) async throws(APIError) -> PageBody<EventBody> {
        try await get(["gateways", id.rawValue, "events"], query: page.items)
    }
}
