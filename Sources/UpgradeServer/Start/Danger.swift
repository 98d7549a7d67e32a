import UpgradeCore

/// Something unsafe about a server that runs, in words for people.
struct Danger: Sendable, Equatable, CustomStringConvertible {
    /// One sentence without its full stop.
    let text: String
    /// What allowed it; nil for what came about later.
    let allowedBy: Setting?

    var description: String { allowedBy.map { "\(text) (\($0.flag))" } ?? text }
}

/// What is unsafe about this server as it is now: a password that everybody knows may be changed while it runs.
struct Dangers: Sendable {
    let configuration: ServerConfiguration
    let users: UserService

    var present: [Danger] {
        get async throws {
            let known = configuration.situation(bootstrapPasswordIsInForce: false)
            guard known.anyIsBeyondLoopback else { return SafeStart.dangers(known) }
            return SafeStart.dangers(
                configuration.situation(bootstrapPasswordIsInForce: try await users.bootstrapPasswordIsInForce()))
        }
    }
}
