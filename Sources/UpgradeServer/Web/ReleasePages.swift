import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// `/releases`: what can be sent. The page's script uploads to the API, and shows how far it got; without scripts the form is sent here.
extension Pages {
    func mountReleases(on router: Router<APIContext>) {
        router.get("/releases", use: releases)
        router.post("/releases", use: addRelease)
        router.get("/releases/remove", use: releaseRemovalPage)
        router.post("/releases/remove", use: removeRelease)
        router.refuseMethods(otherThan: [.get, .post], on: "/releases")
        router.refuseMethods(otherThan: [.get, .post], on: "/releases/remove")
    }

    private static let releaseNotices = Notices(
        path: "/releases", texts: ["added": "The release is added.", "removed": "The release is removed."])

    @Sendable private func releases(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .viewReleases) { caller, parameters in
            var fields = try await list(try PageRequest(in: parameters), parameters, for: caller)
            fields["notice"] = Self.releaseNotices.text(in: parameters)
            return try await html(.releases, fields, for: caller, at: "/releases")
        }
    }

    /// Streams the file to disk, as the API does. What is cut off, or refused, leaves nothing behind.
    @Sendable private func addRelease(_ request: Request, _ context: APIContext) async throws -> Response {
        var body = try MultipartBody(of: request)
        let form = try await body.fields(before: "file", upTo: HTTPLimits.formBody)
        return try await take(form, of: request, context, for: .manageReleases, fields: ["version"]) { caller in
            let incoming = try services.releaseStore.makeIncoming()
            while let piece = try await body.nextBytes() {
                try piece.withUnsafeReadableBytes { try incoming.write($0.bytes) }
            }
            if let field = try await body.nextPart() {
                throw Problem(
                    .unprocessableContent, "\(quoted(field)): no such field after the file, so nothing was done")
            }
            let text = form["version"] ?? ""
            do {
                _ = try await services.releaseStore.add(try Self.newVersion(text), incoming, as: caller.principal)
                return .redirect(to: Self.releaseNotices.location("added"))
            } catch let error as DomainError {
                let problem = try FormProblem(error, fields: ["version"], conflictField: "version")
                var fields = try await list(try PageRequest(), [:], for: caller).merging(problem.fields) { $1 }
                fields["version"] = text
                return try await html(.releases, fields, for: caller, at: "/releases", status: problem.status)
            }
        }
    }

    private static func newVersion(_ text: String) throws(DomainError) -> Version {
        do throws(VersionError) {
            return try Version(text)
        } catch {
            throw .invalid(field: "version", problem: error.description)
        }
    }

    private func list(
        _ page: PageRequest, _ parameters: [String: String], for caller: Caller
    ) async throws -> [String: Any] {
        let page = try await services.releases.list(page: page, as: caller.principal)
        let mayManage = caller.principal.may(.manageReleases)
        var fields = Paging(page, of: "/releases", parameters.filter { $0.key == "cursor" }).fields
        fields["releases"] = page.items.map { Self.row($0, mayManage: mayManage) }
        fields["hasReleases"] = !page.items.isEmpty
        fields["mayManage"] = mayManage
        fields["resources"] = resourcesFolder
        return fields
    }

    private static func row(_ listed: ReleaseService.Listed, mayManage: Bool) -> [String: Any] {
        let release = listed.release
        return [
            "version": release.version.description, "size": Amount.size(release.size), "bytes": byteCount(release.size),
            "sha256": release.sha256, "added": release.addedAt.section, "state": release.state.rawValue,
            "gateways": listed.gateways, "mayRemove": mayManage,
        ]
    }
}

extension Pages {
    /// Upgrades that are named before a release is removed; of more, how many there are.
    private static let namedUpgrades = 20

    @Sendable private func releaseRemovalPage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .manageReleases) { caller, parameters in
            let listed = try await release(parameters, for: caller)
            let version = listed.release.version
            let pending = try await services.deployments.pending(
                to: version, page: PageRequest(limit: Self.namedUpgrades), as: caller.principal)
            var fields: [String: Any] = [
                "version": version.description, "gateways": listed.gateways, "isRun": listed.gateways > 0,
                "isOneGateway": listed.gateways == 1, "upgrades": pending.total, "failsUpgrades": pending.total > 0,
                "isOneUpgrade": pending.total == 1,
                "pending": pending.items.map {
                    ["gateway": $0.gatewayID.rawValue, "deployment": $0.deploymentID.rawValue] as [String: Any]
                },
            ]
            if pending.total > pending.items.count { fields["more"] = pending.total - pending.items.count }
            if case .folder(let name) = listed.release.origin { fields["file"] = name }
            return try await html(.releaseRemoval, fields, for: caller, at: "/releases")
        }
    }

    @Sendable private func removeRelease(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageReleases, fields: ["version"]) { caller, form in
            let listed = try await release(form, for: caller)
            try await services.releaseStore.remove(listed.release.version, as: caller.principal)
            return .redirect(to: Self.releaseNotices.location("removed"))
        }
    }

    /// The release that a query or a form names; what is no version names none.
    private func release(_ parameters: [String: String], for caller: Caller) async throws -> ReleaseService.Listed {
        let text = parameters["version"] ?? ""
        guard let version = try? Version(text) else { throw DomainError.notFound(.release, text) }
        return try await services.releases.find(version, as: caller.principal)
    }
}
