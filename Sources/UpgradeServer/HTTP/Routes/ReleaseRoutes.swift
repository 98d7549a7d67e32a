import Hummingbird
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// `/releases`: what can be sent.
struct ReleaseRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/releases", summary: "Lists releases, the newest version first.",
                permission: .viewReleases, query: QueryParameter.paging, answer: .page(SchemaName(ReleaseBody.self)),
                handler: list),
            Route(
                method: .get, path: "/releases/{version}", summary: "Shows one release.", permission: .viewReleases,
                answer: .object(SchemaName(ReleaseBody.self)), handler: show),
            Route(
                method: .put, path: "/releases/{version}", summary: "Adds a release: the body is the executable.",
                permission: .manageReleases, request: .bytes,
                answer: .object(SchemaName(ReleaseBody.self), status: .created), handler: add),
            Route(
                method: .delete, path: "/releases/{version}",
                summary: "Removes a release, and its file in the watched folder; the version may then be added anew.",
                permission: .manageReleases, answer: .nothing, handler: remove),
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        let page = try await services.releases.list(page: try call.pageRequest(), as: call.principal)
        return try .json(PageBody(page) { ReleaseBody($0.release, gateways: $0.gateways) })
    }

    private func show(_ call: Call) async throws -> Response {
        let listed = try await services.releases.find(try knownVersion(call), as: call.principal)
        return try .json(ReleaseBody(listed.release, gateways: listed.gateways))
    }

    /// Streams the body to disk. What is cut off, or refused, leaves nothing behind.
    private func add(_ call: Call) async throws -> Response {
        let version: Version
        do {
            version = try Version(try call.pathParameter("version"))
        } catch let error as VersionError {
            throw DomainError.invalid(field: "version", problem: error.description)
        }
        try call.refuseEarly(above: HTTPLimits.releaseBody)
        let incoming = try services.releaseStore.makeIncoming()
        var body = RequestBytes(of: call.request)
        while let buffer = try await body.next() {
            try buffer.withUnsafeReadableBytes { try incoming.write($0.bytes) }
        }
        let release = try await services.releaseStore.add(version, incoming, as: call.principal)
        let listed = try await services.releases.find(release.version, as: call.principal)
        return try .json(ReleaseBody(listed.release, gateways: listed.gateways), status: .created)
    }

    private func remove(_ call: Call) async throws -> Response {
        try await services.releaseStore.remove(try knownVersion(call), as: call.principal)
        return .noContent
    }

    /// The release that the path names; what is no version names none.
    private func knownVersion(_ call: Call) throws -> Version {
        let text = try call.pathParameter("version")
        guard let version = try? Version(text) else { throw DomainError.notFound(.release, text) }
        return version
    }
}
