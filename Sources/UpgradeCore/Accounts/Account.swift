/// A user as of one moment, and with which password: what a log-in rests on.
public struct Account: Equatable, Sendable {
    /// The user.
    public let user: User
    /// Differs for every password that is set, also for the same one again; tells nothing of it.
    private let passwordMark: [UInt8]

    /// - Throws: ``CryptoError``.
    init(user: User, passwordHash: String?) throws(CryptoError) {
        self.user = user
        passwordMark =
            try passwordHash.map { text throws(CryptoError) in try SHA256.digest(of: Array(text.utf8)) } ?? []
    }

    /// Whether who logged in when the account was like `earlier` is still rightly logged in: with the same password, role and company.
    public func upholds(logInAs earlier: Account) -> Bool {
        Principal(user) == Principal(earlier.user) && passwordMark == earlier.passwordMark
    }
}
