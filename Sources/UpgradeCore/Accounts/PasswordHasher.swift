import Dispatch
import Synchronization

/// Hashes and compares passwords, at most two at a time, on threads that nothing else waits for.
public final class PasswordHasher: Sendable {
    private let cost: Scrypt.Cost
    /// Each runs one computation at a time.
    private let lanes = [DispatchQueue(label: "passwords.0"), DispatchQueue(label: "passwords.1")]
    private let next = Atomic<Int>(0)

    /// A hasher at the standard cost: 32 MiB and some tenths of a second a password.
    public convenience init() {
        self.init(cost: .standard)
    }

    init(cost: Scrypt.Cost) {
        self.cost = cost
    }

    /// The password in the form that the database keeps.
    ///
    /// - Throws: ``CryptoError``.
    func hash(_ password: String) async throws -> String {
        let cost = cost
        return try await run { try PasswordHash(hashing: password, cost: cost).description }
    }

    /// Whether `password` is the one that was hashed.
    ///
    /// Takes as long when there is no hash, or one that cannot be read; the answer is then false.
    ///
    /// - Throws: ``CryptoError``.
    func verify(_ password: String, against hash: String?) async throws -> Bool {
        let cost = cost
        return try await run {
            let stored = hash.flatMap(PasswordHash.init) ?? .decoy(cost: cost)
            return try stored.matches(password)
        }
    }

    private func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let lane = lanes[next.wrappingAdd(1, ordering: .relaxed).oldValue & 1]
        return try await withCheckedThrowingContinuation { continuation in
            lane.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
