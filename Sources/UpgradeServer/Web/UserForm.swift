import UpgradeCore
import UpgradeProtocol

/// The fields of a user in a form, with the choices that somebody has.
struct UserForm {
    /// The names of the fields.
    static let fields: Set = ["username", "name", "role", "companyId", "password"]

    let fields: [String: Any]

    /// - Parameters:
    ///   - typed: What stands in the fields.
    ///   - services: Asked which companies there are.
    ///   - principal: Who fills it in.
    /// - Throws: ``DomainError``.
    init(_ typed: [String: String], services: Services, for principal: Principal) async throws {
        let page = try await services.companies.list(
            page: PageRequest(limit: PageRequest.maximumLimit), as: principal)
        let company = typed["companyId"] ?? ""
        let role = typed["role"] ?? Role.user.rawValue
        fields = [
            "typedUsername": typed["username"] ?? "", "typedName": typed["name"] ?? "", "typedCompany": company,
            "roles": principal.givableRoles.map { ["role": $0.rawValue, "isChosen": $0.rawValue == role] },
            // A list of more is no choice: then the id is typed.
            "companiesAreListed": page.nextCursor == nil, "companyIsOpen": company.isEmpty && page.items.count > 1,
            "companies": page.items.map {
                [
                    "id": $0.id.rawValue, "shownID": $0.id.rawValue.visible, "name": $0.name,
                    "isChosen": $0.id.rawValue == company,
                ] as [String: Any]
            },
        ]
    }

    static func role(_ form: [String: String]) throws(DomainError) -> Role {
        guard let role = Role(rawValue: form["role"] ?? "") else {
            throw .invalid(field: "role", problem: "choose one of the roles")
        }
        return role
    }

    static func company(_ form: [String: String]) throws(DomainError) -> CompanyID {
        let text = form["companyId"] ?? ""
        if text.isEmpty { throw .invalid(field: "companyId", problem: "choose a company") }
        do {
            return try CompanyID(text)
        } catch {
            throw .invalid(field: "companyId", problem: "\(error)")
        }
    }
}

extension Principal {
    /// The roles that the policy lets this one give.
    fileprivate var givableRoles: [Role] { Role.allCases.filter { role == .super || $0 != .super } }
}

extension NewUser {
    /// The user that a form describes. The name may be left out.
    init(_ form: [String: String]) throws(DomainError) {
        let name = form["name"] ?? ""
        self.init(
            username: form["username"] ?? "", name: name.isEmpty ? nil : name, role: try UserForm.role(form),
            companyID: try UserForm.company(form), password: form["password"] ?? "")
    }
}
