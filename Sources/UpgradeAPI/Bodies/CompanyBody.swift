public import UpgradeProtocol

/// A company, as `/companies` shows it.
public struct CompanyBody: Codable, Sendable, Equatable {
    /// Its id, as gateways report it.
    public var id: CompanyID
    /// Its name.
    public var name: String
    /// A label that people set; nothing depends on it.
    public var registered: Bool

    /// A company.
    public init(id: CompanyID, name: String, registered: Bool) {
        self.id = id
        self.name = name
        self.registered = registered
    }
}

/// Body of `POST /companies`.
public struct CompanyCreation: RequestBody, Equatable {
    /// The members of this body.
    public enum CodingKeys: String, CodingKey, CaseIterable { case id, name, registered }

    /// The id, unused as yet.
    public var id: CompanyID
    /// The name.
    public var name: String
    /// Whether it is registered; false when left out.
    public var registered: Bool?

    /// A company to create.
    public init(id: CompanyID, name: String, registered: Bool? = nil) {
        self.id = id
        self.name = name
        self.registered = registered
    }
}

/// Body of `PATCH /companies/{id}`: what is left out stays.
public struct CompanyPatch: RequestBody, Equatable {
    /// The members of this body.
    public enum CodingKeys: String, CodingKey, CaseIterable { case name, registered }

    /// The new name.
    public var name: String?
    /// The new label.
    public var registered: Bool?

    /// A change to a company.
    public init(name: String? = nil, registered: Bool? = nil) {
        self.name = name
        self.registered = registered
    }
}

extension APIClient {
    /// `GET /companies`.
    public func companies(_ page: PageQuery = PageQuery()) async throws(APIError) -> PageBody<CompanyBody> {
        try await get(["companies"], query: page.items)
    }

    /// `POST /companies`.
    public func createCompany(_ body: CompanyCreation) async throws(APIError) -> CompanyBody {
        try await post(["companies"], body: body)
    }

    /// `PATCH /companies/{id}`.
    public func updateCompany(_ id: CompanyID, _ body: CompanyPatch) async throws(APIError) -> CompanyBody {
        try await patch(["companies", id.rawValue], body: body)
    }
}
