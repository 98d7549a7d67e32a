import HTTPTypes
import Logging
import Synchronization
import UpgradeCore

/// Where programs show their tokens. A wrong one is known as such in memory; a right one is looked up in the database, which has the last word.
///
/// Whoever shows ``HTTPLimits/failedTokensPerAddress`` wrong ones in five minutes is told to come later when the next one is wrong. A right one is let in even so:
/// 128 random bits are not guessed, and a program that goes on with an old token must not lock out the others of its address.
final class TokenDesk: Sendable {
    private let service: APITokenService
    /// The tokens in force by the SHA-256 of their secrets, so that nobody finds a secret by reading memory or by timing the search.
    private let tokens: Mutex<[[UInt8]: APIToken.ID]>
    private let failures: Mutex<FailureThrottle<String>>
    private let time: any TimeSource
    private let logger: Logger

    /// Knows every token of the database.
    init(_ service: APITokenService, logger: Logger, time: any TimeSource = SystemTime()) async throws {
        self.service = service
        self.logger = logger
        self.time = time
        let stored = try await service.all()
        tokens = Mutex(Dictionary(stored.map { ($0.digest, $0.token.id) }, uniquingKeysWith: { $1 }))
        var rule = FailureThrottle<String>.Rule()
        rule.limit = HTTPLimits.failedTokensPerAddress
        failures = Mutex(FailureThrottle(rule))
    }

    /// Makes a token, which may be shown from now on.
    func make(name: String, expiresAt: Timestamp?, as principal: Principal) async throws -> MadeAPIToken {
        let made = try await service.make(name: name, expiresAt: expiresAt, as: principal)
        tokens.withLock { $0[made.digest] = made.token.id }
        return made
    }

    /// Whom the program acts for that sends `authorization`; nil when that has no token that is in force.
    ///
    /// - Throws: ``RetryLater`` when the address has shown too many such ones.
    func caller(by authorization: String, from address: String) async throws -> Caller? {
        if let secret = Self.secret(in: authorization), let caller = try await caller(by: secret) { return caller }
        let now = time.monotonic()
        let blockedUntil = failures.withLock { failures in
            let until = failures.blockedUntil(address, at: now)
            if until == nil { failures.recordFailure(of: address, at: now) }
            return until
        }
        if let blockedUntil {
            throw RetryLater(.tooManyRequests, "too many wrong tokens from this address", after: blockedUntil - now)
        }
        logger.notice("a token was refused", metadata: ["address": "\(address)"])
        return nil
    }

    /// Whether the token is in force and its owner's rights are still these.
    func upholds(_ token: APIToken.ID, _ principal: Principal) async throws -> Bool {
        guard let account = try await service.account(of: token) else { return false }
        return Principal(account.user) == principal && !account.user.mustChangePassword
    }

    private func caller(by secret: String) async throws -> Caller? {
        let digest = try SHA256.digest(of: Array(secret.utf8))
        guard let id = tokens.withLock({ $0[digest] }) else { return nil }
        guard let account = try await service.account(of: id) else {
            tokens.withLock { $0[digest] = nil }
            return nil
        }
        return Caller(
            principal: Principal(account.user), token: id, mustChangePassword: account.user.mustChangePassword)
    }

    /// The secret in `Bearer SECRET`; nil for what cannot be one.
    private static func secret(in authorization: String) -> String? {
        let words = authorization.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer", words[1].utf8.count == 32 else { return nil }
        return String(words[1])
    }
}
