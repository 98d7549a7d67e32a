import Synchronization
import UpgradeCore

/// The sessions of people who logged in. They are in memory alone: a restart ends them all.
///
/// A session is known by the SHA-256 of its token, so that nobody finds a token by reading memory or by timing the search.
final class SessionStore: Sendable {
    fileprivate struct Entry {
        var session: Session
        var openedAt: Duration
        var usedAt: Duration
        /// Attempts to change the password that are under way in it.
        var passwordChanges = 0
    }

    /// Rung after a session has ended before its time.
    let bell = LogInBell()

    private let entries = Mutex<[Session.ID: Entry]>([:])
    private let time: any TimeSource
    private let limit: Int

    init(time: any TimeSource = SystemTime(), limit: Int = HTTPLimits.sessions) {
        self.time = time
        self.limit = limit
    }

    /// Begins a session.
    ///
    /// - Returns: the session and its token, which is nowhere else.
    func open(for account: Account) throws(CryptoError) -> (session: Session, token: SessionToken) {
        let token = try SessionToken()
        let session = Session(id: try token.id, account: account, csrfToken: try SessionToken().text)
        let now = time.monotonic()
        var ended: Set<String> = []
        entries.withLock { entries in
            entries = entries.filter { !$0.value.isOver(at: now) }
            let own = entries.filter { $0.value.session.isOf(account) }
            if own.count >= HTTPLimits.sessionsPerUser { ended.formUnion(entries.removeLongestIdle(of: own)) }
            if entries.count >= limit { ended.formUnion(entries.removeLongestIdle(of: entries)) }
            entries[session.id] = Entry(session: session, openedAt: now, usedAt: now)
        }
        if !ended.isEmpty { bell.ring(for: ended) }
        return (session, token)
    }

    /// The session, which lives on by being asked for; nil when it has ended.
    func use(_ id: Session.ID) -> Session? {
        let now = time.monotonic()
        return entries.withLock { entries in
            guard let entry = entries[id], !entry.isOver(at: now) else {
                entries[id] = nil
                return nil
            }
            entries[id]?.usedAt = now
            return entry.session
        }
    }

    /// Lets a session stand on a changed account: its user has set a new password in it.
    func keep(_ id: Session.ID, on account: Account) {
        entries.withLock { $0[id]?.session.account = account }
    }

    /// Lets a session go on while a new password is set in it: between the password and ``keep(_:on:)`` it stands on the old one.
    func whileChangingPassword<Result>(in id: Session.ID?, _ body: () async throws -> Result) async rethrows -> Result {
        guard let id else { return try await body() }
        entries.withLock { $0[id]?.passwordChanges += 1 }
        defer { entries.withLock { $0[id]?.passwordChanges -= 1 } }
        return try await body()
    }

    func isChangingPassword(_ id: Session.ID) -> Bool {
        entries.withLock { ($0[id]?.passwordChanges ?? 0) > 0 }
    }

    func end(_ id: Session.ID) {
        let ended = entries.withLock { $0.removeValue(forKey: id) }
        if let ended { bell.ring(for: [ended.session.account.user.username]) }
    }

    /// Ends a session, unless it was let stand on another account meanwhile.
    ///
    /// - Returns: Whether there is no such session any more.
    func end(_ id: Session.ID, ifStillOn account: Account) -> Bool {
        let (ended, isGone) = entries.withLock { entries -> (Entry?, Bool) in
            if let entry = entries[id], entry.session.account != account { return (nil, false) }
            return (entries.removeValue(forKey: id), true)
        }
        if let ended { bell.ring(for: [ended.session.account.user.username]) }
        return isGone
    }

    /// Ends every session of a user but one.
    func endAll(of account: Account, but id: Session.ID?) {
        entries.withLock { entries in
            entries = entries.filter { $0.key == id || !$0.value.session.isOf(account) }
        }
        bell.ring(for: [account.user.username])
    }

    /// How many there are, those included that have run out and were not asked for since.
    var count: Int { entries.withLock(\.count) }
}

/// Somebody who logged in with a browser.
struct Session: Sendable, Identifiable {
    /// The SHA-256 of the token.
    typealias ID = [UInt8]

    let id: ID
    /// The account as it was when the log-in was last found to hold.
    fileprivate(set) var account: Account
    /// What a write sends along, which no other site can know.
    let csrfToken: String

    /// Takes the same time wherever the two differ.
    func isCSRFToken(_ text: String?) -> Bool {
        isEqualInConstantTime(Array((text ?? "").utf8), Array(csrfToken.utf8))
    }

    func isOf(_ account: Account) -> Bool { self.account.user.username == account.user.username }
}

/// 128 random bits in hexadecimal: what a session's cookie carries.
struct SessionToken: Sendable {
    private static let length = 16

    let text: String

    init() throws(CryptoError) { text = try randomBytes(Self.length).hexadecimal }

    /// A token that a browser sent; nil for what cannot be one.
    init?(_ text: String) {
        guard text.utf8.count == 2 * Self.length else { return nil }
        self.text = text
    }

    var id: Session.ID {
        get throws(CryptoError) { try SHA256.digest(of: Array(text.utf8)) }
    }
}

extension SessionStore.Entry {
    fileprivate func isOver(at now: Duration) -> Bool {
        now - usedAt >= HTTPLimits.sessionIdle || now - openedAt >= HTTPLimits.sessionLifetime
    }
}

extension [Session.ID: SessionStore.Entry] {
    /// - Returns: Whose it was.
    fileprivate mutating func removeLongestIdle(of candidates: Self) -> Set<String> {
        guard let (id, entry) = candidates.min(by: { $0.value.usedAt < $1.value.usedAt }) else { return [] }
        self[id] = nil
        return [entry.session.account.user.username]
    }
}
