import HTTPTypes
import Logging
import Synchronization
import UpgradeCore

/// Where user names and passwords are shown: a few at a time are compared, and whoever guesses is turned away.
///
/// Ten failures in five minutes for one account from one address: then no password is looked at any more until the first of them is five minutes
/// old. Names that nobody has count like any other.
final class LogInDesk: Sendable {
    private struct Guesser: Hashable {
        var account: String
        var address: String
    }

    private let logIns: LogInService
    private let profiles: ProfileService
    private let throttle = Mutex(FailureThrottle<Guesser>())
    private let turnstile = Turnstile(places: HTTPLimits.concurrentLogIns, queue: HTTPLimits.waitingLogIns)
    private let time: any TimeSource
    private let logger: Logger

    init(services: Services, logger: Logger, time: any TimeSource = SystemTime()) {
        logIns = services.logIns
        profiles = services.profiles
        self.logger = logger
        self.time = time
    }

    /// The account whose name and password these are; nil if there is none.
    ///
    /// - Throws: ``RetryLater`` when there were too many failures, or there are too many at once.
    func logIn(username: String, password: String, from address: String) async throws -> Account? {
        let account = try await guarding(username, address) {
            try await logIns.logIn(username: username, password: password)
        }
        if let account {
            logger.info("logged in", metadata: ["user": "\(account.user.username)", "address": "\(address)"])
        }
        return account
    }

    /// Changes the own name or password, where the present one can be guessed at as in a log-in.
    ///
    /// - Throws: ``DomainError``, ``RetryLater``.
    func updateProfile(
        name: String?, password: PasswordChange?, as principal: Principal, from address: String
    ) async throws -> Account {
        guard let password else { return try await profiles.update(name: name, as: principal) }
        var refusal: DomainError?
        let account: Account? = try await guarding(principal.username, address) {
            do {
                return try await profiles.update(name: name, password: password, as: principal)
            } catch let error as DomainError {
                refusal = error
                if case .invalid(field: ProfileService.currentPasswordField, problem: _) = error { return nil }
                throw error
            }
        }
        guard let account else { throw refusal ?? .conflict("the profile was not changed") }
        return account
    }

    /// Runs an attempt that returns nil when the password is wrong.
    private func guarding(
        _ username: String, _ address: String, _ attempt: () async throws -> Account?
    ) async throws -> Account? {
        let guesser = Guesser(account: LogInService.countedName(of: username), address: address)
        try checkIsWelcome(guesser)
        guard await turnstile.enter() else {
            throw RetryLater(.serviceUnavailable, "too many people log in at once", after: .seconds(5))
        }
        defer { turnstile.leave() }
        // Attempts that came together have failed meanwhile.
        try checkIsWelcome(guesser)
        guard let account = try await attempt() else {
            throttle.withLock { $0.recordFailure(of: guesser, at: time.monotonic()) }
            logger.notice(
                "a log-in failed", metadata: ["user": "\(quoted(username))", "address": "\(address)"])
            return nil
        }
        throttle.withLock { $0.recordSuccess(of: guesser) }
        return account
    }

    private func checkIsWelcome(_ guesser: Guesser) throws(RetryLater) {
        let now = time.monotonic()
        guard let until = throttle.withLock({ $0.blockedUntil(guesser, at: now) }) else { return }
        logger.debug(
            "a log-in was not looked at after too many failures",
            metadata: ["user": "\(quoted(guesser.account))", "address": "\(guesser.address)"])
        throw RetryLater(
            .tooManyRequests, "too many failed attempts for this user name from this address", after: until - now)
    }
}
