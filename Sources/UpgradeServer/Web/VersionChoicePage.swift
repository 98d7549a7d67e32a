import HTTPTypes
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What the page shows on which a version is chosen that the select of a row has no room for.
struct VersionChoicePage {
    /// What the form of the row says instead of a version.
    static let older = "older"

    let fields: [String: Any]

    /// - Throws: a 422 for a form that orders nothing, ``DomainError`` for what would be refused whatever the version.
    init(_ form: [String: String], services: Services, user: Principal) async throws {
        let versions = try await services.allReleaseBodies(as: user).filter { $0.state == .available }.map(\.version)
        guard let newest = versions.first else {
            throw Problem(.unprocessableContent, "there is no release to send yet", field: "version")
        }
        let order = try UpgradeOrderForm(form.merging(["version": newest.description]) { $1 }, by: user)
        var fields = try await ConfirmPage(order, services: services, user: user).fields
        fields["versions"] = versions.map { ["choice": $0.description] }
        fields["hiddenFields"] = order.hiddenFields.filter { $0["name"] != "version" }
        self.fields = fields
    }
}
