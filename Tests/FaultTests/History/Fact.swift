/// What one party did, was told or saw. Whatever was told is a promise that no fault may break.
enum Fact: Codable, Equatable, Sendable {
    /// A gateway is about to report.
    case statusSent(version: Int)
    /// It has the PUBACK of its report.
    case statusAcknowledged(version: Int)
    /// A gateway has a whole executable.
    case executableReceived(version: Int, digest: UInt64)

    /// Somebody is about to upload a release.
    case releaseOffered(version: Int, digest: UInt64)
    case releaseAdded(version: Int)
    case companyOffered(id: String)
    case companyAdded(id: String)
    case userOffered(name: String)
    case userAdded(name: String)

    /// Somebody is about to order.
    case ordering(gateway: String, version: Int)
    case ordered(deployment: Int, gateway: String, version: Int)
    /// Somebody was shown that a gateway is confirmed at this version.
    case confirmationSeen(gateway: String, version: Int)

    /// What was told by the daemon, so that it has to be true from then on; nil for what was merely asked.
    var promise: Promise? {
        switch self {
        case .statusAcknowledged: .report
        case .executableReceived: .delivery
        case .releaseAdded: .release
        case .companyAdded: .company
        case .userAdded: .user
        case .ordered: .order
        case .confirmationSeen: .confirmation
        case .statusSent, .releaseOffered, .companyOffered, .userOffered, .ordering: nil
        }
    }
}

enum Promise: CaseIterable {
    case report, delivery, release, company, user, order, confirmation
}

/// A fact, who knows it, and since when.
struct Entry: Codable, Equatable, Sendable {
    /// Nanoseconds of a clock that all parties share.
    var time: UInt64
    var party: String
    var fact: Fact
}
