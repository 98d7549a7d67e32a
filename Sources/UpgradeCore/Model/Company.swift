public import UpgradeProtocol

/// A customer, or the company that runs the service.
public struct Company: Equatable, Sendable, Identifiable {
    /// Given by whoever made it: by a person, or by a gateway's STATUS.
    public let id: CompanyID
    /// For people.
    public var name: String
    /// A label for people. Nothing depends on it: companies that a gateway's first STATUS made start without it.
    public var registered: Bool

    /// A company.
    public init(id: CompanyID, name: String, registered: Bool) {
        self.id = id
        self.name = name
        self.registered = registered
    }
}

extension CompanyID {
    /// The company whose super users run the service. It always exists.
    public static let superCompany: CompanyID = {
        guard let id = try? CompanyID("1") else { preconditionFailure("a constant that satisfies its rule") }
        return id
    }()
}
