import UpgradeCore

/// Who asks.
struct Caller: Sendable {
    let principal: Principal
    /// The session whose cookie came along; nil where nobody logs in, and for a program.
    var session: Session?
    /// The token that a program showed.
    var token: APIToken.ID?
    /// The password is one that everybody knows: nothing else is done before it is changed.
    var mustChangePassword = false
}
