import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// The companies by which a list is narrowed, for those who see several.
struct CompanyChoice {
    /// Those that are offered to choose from; of more, the id is typed.
    private static let shown = 100

    let fields: [String: Any]

    /// - Parameters:
    ///   - services: what is asked.
    ///   - user: who chooses.
    ///   - chosen: the id that was asked for, whether there is such a company or not.
    /// - Throws: what the database throws.
    init(_ services: Services, _ user: Principal, chosen: String?) async throws {
        let page = try await services.companies.list(page: PageRequest(limit: Self.shown), as: user)
        var companies = page.items.map { company in
            Self.option(
                company.id.rawValue, "\(company.id.rawValue.visible): \(company.name.visible)",
                isChosen: company.id.rawValue == chosen)
        }
        // The list must not say that all are shown.
        if let chosen, !page.items.contains(where: { $0.id.rawValue == chosen }) {
            companies.append(Self.option(chosen, "\(chosen.visible): no such company", isChosen: true))
        }
        fields = ["companies": companies, "companiesAreListed": page.nextCursor == nil]
    }

    private static func option(_ id: String, _ text: String, isChosen: Bool) -> [String: Any] {
        ["id": id, "text": text, "isChosen": isChosen]
    }
}
