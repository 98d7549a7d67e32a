import UpgradeCore
import UpgradeProtocol

/// What the page of the own profile shows.
struct ProfilePage {
    let fields: [String: Any]

    /// - Parameters:
    ///   - user: Whose profile it is.
    ///   - caller: The same, as they asked.
    ///   - saved: What was just saved, `name` or `password`, or `revocation`.
    ///   - field: The field that a change was refused for.
    ///   - problem: Why it was refused.
    init(_ user: User, of caller: Caller, saved: String? = nil, field: String? = nil, problem: String? = nil) {
        var fields: [String: Any] = [
            "username": user.username, "name": user.name, "role": user.role.rawValue,
            "company": user.companyID.rawValue.visible, "mustChangePassword": caller.mustChangePassword,
            "passwordIsKnown": user.mustChangePassword && !caller.mustChangePassword,
            "nameSaved": saved == "name", "passwordSaved": saved == "password", "tokenRevoked": saved == "revocation",
        ]
        if let field, let problem { fields["\(field)Problem"] = problem }
        // A browser forgets typed passwords: whatever was wrong with them, they are all typed again.
        fields["passwordComesFirst"] = caller.mustChangePassword || (field != nil && field != "name")
        self.fields = fields
    }
}

/// What a form of that page asks for: another name, or another password.
struct ProfileChange {
    let name: String?
    let password: PasswordChange?

    /// Those of the form for the password, if it is that one; its user name is there for the browser's store of passwords alone.
    static func fields(of form: [String: String]) -> FormFields {
        form["password"] == nil
            ? ["name"] : ["username", ProfileService.currentPasswordField, "password", "repeatedPassword"]
    }

    /// - Throws: ``DomainError/invalid(field:problem:)`` when the new password was not repeated.
    init(_ form: [String: String]) throws(DomainError) {
        guard let new = form["password"] else {
            name = form["name"]
            password = nil
            return
        }
        guard form["repeatedPassword"] == new else {
            throw .invalid(field: "repeatedPassword", problem: "the two new passwords differ")
        }
        name = nil
        password = PasswordChange(current: form[ProfileService.currentPasswordField] ?? "", new: new)
    }
}
