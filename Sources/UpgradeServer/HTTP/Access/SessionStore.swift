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
    }

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
        entries.withLock { entries in
            entries = entries.filter { !$0.value.isOver(at: now) }
            let own = entries.filter { $0.value.session.isOf(account) }
            if own.count >= HTTPLimits.sessionsPerUser { entries.removeLongestIdle(of: own) }
            if entries.count >= limit { entries.removeLongestIdle(of: entries) }
            entries[session.id] = Entry(session: session, openedAt: now, usedAt: now)
        }
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

    func end(_ id: Session.ID) {
        entries.withLock { $0[id] = nil }
    }

    /// Ends every session of a user but one.
    func endAll(of account: Account, but id: Session.ID?) {
        entries.withLock { entries in
            entries = entries.filter { $0.key == id || !$0.value.session.isOf(account) }
        }
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
    fileprivate mutating func removeLongestIdle(of candidates: Self) {
        guard let id = candidates.min(by: { $0.value.usedAt < $1.value.usedAt })?.key else { return }
        self[id] = nil
    }
}
