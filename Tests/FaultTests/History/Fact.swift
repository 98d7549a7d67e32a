import Dispatch

/// What one party did, was told or saw. Whatever was told is a promise that no fault may break.
enum Fact: Codable, Equatable, Sendable {
    /// A gateway is about to report.
    case statusSent(version: Int)
    /// It has the PUBACK of its report.
    case statusAcknowledged(version: Int)
    /// A gateway has a whole executable.
    case executableReceived(version: Int, digest: UInt64)

    /// A gateway whose session is to outlive its connections has all its subscriptions acknowledged.
    case sessionBegun
    /// It came again, and its session was there, or not.
    case cameAgain(hasSession: Bool)

    /// Somebody is about to upload a release.
    case releaseOffered(version: Int, digest: UInt64)
    case releaseAdded(version: Int)
    case companyOffered(id: String)
    case companyAdded(id: String)
    case userOffered(name: String)
    case userAdded(name: String)
    case tokenOffered(name: String)
    case tokenAdded(name: String)
    /// A token that was given was not taken.
    case tokenRefused(name: String)

    /// Somebody is about to order.
    case ordering(gateway: String, version: Int)
    case ordered(deployment: Int, gateway: String, version: Int)
    /// Somebody was shown that a gateway is confirmed at this version.
    case confirmationSeen(gateway: String, version: Int)

    /// Whether it is about a session of the broker.
    var isOfSession: Bool {
        switch self {
        case .sessionBegun, .cameAgain: true
        default: false
        }
    }

    /// What was told by the daemon, so that it has to be true from then on; nil for what was merely asked.
    var promise: Promise? {
        switch self {
        case .statusAcknowledged: .report
        case .executableReceived: .delivery
        case .releaseAdded: .release
        case .companyAdded: .company
        case .userAdded: .user
        case .tokenAdded: .token
        case .sessionBegun: .session
        case .ordered: .order
        case .confirmationSeen: .confirmation
        case .statusSent, .cameAgain, .releaseOffered, .companyOffered, .userOffered, .tokenOffered, .tokenRefused,
            .ordering:
            nil
        }
    }
}

enum Promise: CaseIterable {
    case report, delivery, session, release, company, user, token, order, confirmation
}

/// A fact, who knows it, and since when.
struct Entry: Codable, Equatable, Sendable {
    /// Nanoseconds of a clock that all parties share.
    var time: UInt64
    var party: String
    var fact: Fact

    static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }
}
