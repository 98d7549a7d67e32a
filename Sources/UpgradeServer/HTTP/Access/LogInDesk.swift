import HTTPTypes
import Logging
import Synchronization
import UpgradeCore

/// Where user names and passwords are shown: a few at a time are compared, and whoever guesses is turned away.
///
/// Ten failures in five minutes for one account from one address, or ``HTTPLimits/failuresPerAddress`` from one address: then no password is looked at
/// any more until the first of them is five minutes old. Names that nobody has count like any other. What comes from another address is not affected.
final class LogInDesk: Sendable {
    fileprivate struct Guesser: Hashable {
        var account: String
        var address: String
    }

    private let logIns: LogInService
    private let profiles: ProfileService
    fileprivate struct Throttles {
        var guessers = FailureThrottle<Guesser>()
        /// By address alone. A success clears nothing here: whoever has one account may guess at the others.
        var addresses: FailureThrottle<String>

        init() {
            var rule = FailureThrottle<String>.Rule()
            rule.limit = HTTPLimits.failuresPerAddress
            addresses = FailureThrottle(rule)
        }
    }

    private let throttles = Mutex(Throttles())
    private let turnstile = Turnstile(
        places: HTTPLimits.concurrentLogIns, queue: HTTPLimits.waitingLogIns,
        queuePerOrigin: HTTPLimits.waitingLogInsPerAddress)
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
        guard await turnstile.enter(from: address) else {
            throw RetryLater(.serviceUnavailable, "too many people log in at once", after: .seconds(5))
        }
        defer { turnstile.leave() }
        // Attempts that came together have failed meanwhile.
        try checkIsWelcome(guesser)
        guard let account = try await attempt() else {
            throttles.withLock { $0.recordFailure(of: guesser, at: time.monotonic()) }
            logger.notice(
                "a log-in failed", metadata: ["user": "\(quoted(username))", "address": "\(address)"])
            return nil
        }
        throttles.withLock { $0.guessers.recordSuccess(of: guesser) }
        return account
    }

    private func checkIsWelcome(_ guesser: Guesser) throws(RetryLater) {
        let now = time.monotonic()
        let (forAccount, forAddress) = throttles.withLock {
            ($0.guessers.blockedUntil(guesser, at: now), $0.addresses.blockedUntil(guesser.address, at: now))
        }
        guard let until = [forAccount, forAddress].compactMap(\.self).max() else { return }
        logger.debug(
            "a log-in was not looked at after too many failures",
            metadata: ["user": "\(quoted(guesser.account))", "address": "\(guesser.address)"])
        let whose = forAddress == nil ? "for this user name from this address" : "from this address"
        throw RetryLater(.tooManyRequests, "too many failed attempts \(whose)", after: until - now)
    }
}

extension LogInDesk.Throttles {
    fileprivate mutating func recordFailure(of guesser: LogInDesk.Guesser, at now: Duration) {
        guessers.recordFailure(of: guesser, at: now)
        addresses.recordFailure(of: guesser.address, at: now)
    }
}
