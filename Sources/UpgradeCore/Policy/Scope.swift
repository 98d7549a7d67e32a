public import UpgradeProtocol

/// The part of the data that a query may touch. Every query takes one; ``Principal/scope(for:)`` is where they come from.
public enum Scope: Equatable, Sendable {
    /// All objects.
    case everything
    /// One company's objects; with `claims` also the quarantined gateways that say they belong to it.
    case company(CompanyID, claims: Bool)

    /// Whether an object of `company` lies within. An object that belongs to no company is seen by those who see everything.
    public func contains(_ company: CompanyID?) -> Bool {
        switch self {
        case .everything: true
        case .company(let own, claims: _): company == own
        }
    }

    /// Whether a gateway that is bound to `company`, or in quarantine and claims `claimedCompany`, lies within.
    public func contains(company: CompanyID?, claimedCompany: CompanyID?) -> Bool {
        switch self {
        case .everything: true
        case .company(let own, let claims):
            company == own || (claims && company == nil && claimedCompany == own)
        }
    }
}
