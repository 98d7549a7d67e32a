import UpgradeCore
import UpgradeProtocol

/// Whoever is told who may connect over MQTT from now on: once that is durable, and before a route answers.
struct IdentityChanges: Sendable {
    /// A gateway may not connect, or may again.
    var disabled: @Sendable (GatewayID, Bool) -> Void = { _, _ in }
    /// A gateway has this secret of its own, by its SHA-256, and no other.
    var enrolled: @Sendable (GatewayID, _ digest: [UInt8]) -> Void = { _, _ in }
    /// A gateway has nothing of its own any more: neither a secret nor the mark of a certificate. It may be that it had nothing before.
    var revoked: @Sendable (GatewayID) -> Void = { _ in }
    /// There is a new account, with this password by its SHA-256.
    var accountAdded: @Sendable (MQTTAccount, _ digest: [UInt8]) -> Void = { _, _ in }
    /// The account of this name is gone.
    var accountRemoved: @Sendable (String) -> Void = { _ in }

    private let turns = Turns()

    /// Runs a body that changes identities and tells of it, after those before it: two changes of the same identity are told in the order
    /// in which they were written. It is run to its end, also if whoever waits for it is cancelled.
    func inTurn<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await turns.run(body)
    }

    private actor Turns {
        private var last: Task<Void, Never>?

        func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
            let task = Task { [last] in
                await last?.value
                return try await body()
            }
            last = Task { _ = await task.result }
            return try await task.value
        }
    }
}
