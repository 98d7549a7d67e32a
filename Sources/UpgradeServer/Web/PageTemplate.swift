import Mustache

/// The pages' templates; each stands in the frame `page`.
enum PageTemplate: String {
    case cancellation
    case confirm
    case dashboard
    case gateway
    case gatewayRemoval
    case logIn
    case profile
    case tokenRevocation
    case users
    case user
    case userRemoval
    case events
    case releases
    case releaseRemoval
    case companies
    case company
    case upgrade
    case versionChoice
    /// The frame alone: what it shows when nothing else stands in it.
    case problem = "page"

    private static let library = Result {
        MustacheLibrary(templates: [
            problem.rawValue: try template(PackageResources.page_mustache),
            cancellation.rawValue: try template(PackageResources.cancellation_mustache),
            confirm.rawValue: try template(PackageResources.confirm_mustache),
            gateway.rawValue: try template(PackageResources.gateway_mustache),
            gatewayRemoval.rawValue: try template(PackageResources.gateway_removal_mustache),
            upgrade.rawValue: try template(PackageResources.upgrade_mustache),
            dashboard.rawValue: try template(PackageResources.dashboard_mustache),
            logIn.rawValue: try template(PackageResources.login_mustache),
            profile.rawValue: try template(PackageResources.profile_mustache),
            tokenRevocation.rawValue: try template(PackageResources.token_revocation_mustache),
            users.rawValue: try template(PackageResources.users_mustache),
            user.rawValue: try template(PackageResources.user_mustache),
            releases.rawValue: try template(PackageResources.releases_mustache),
            releaseRemoval.rawValue: try template(PackageResources.release_removal_mustache),
            events.rawValue: try template(PackageResources.events_mustache),
            companies.rawValue: try template(PackageResources.companies_mustache),
            company.rawValue: try template(PackageResources.company_mustache),
            versionChoice.rawValue: try template(PackageResources.version_choice_mustache),
            userRemoval.rawValue: try template(PackageResources.user_removal_mustache),
        ])
    }

    /// Parses them all, which else the first visitor would wait for.
    static func parse() { _ = library }

    func render(_ fields: [String: Any]) throws -> String {
        guard let text = try Self.library.get().render(fields, withTemplate: rawValue) else {
            throw MissingTemplate(name: rawValue)
        }
        return text
    }

    private static func template(_ bytes: [UInt8]) throws -> MustacheTemplate {
        try MustacheTemplate(string: String(decoding: bytes, as: UTF8.self))
    }

    private struct MissingTemplate: Error {
        let name: String
    }
}
