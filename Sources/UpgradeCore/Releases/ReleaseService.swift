public import UpgradeProtocol

/// What releases there are. Everyone who may log in may know.
public struct ReleaseService: Sendable {
    private let store: Store

    /// The releases of `store`.
    public init(store: Store) {
        self.store = store
    }

    /// A release, and how many of the gateways that the reader may see report its version.
    public struct Listed: Sendable, Equatable {
        /// The release.
        public let release: Release
        /// Gateways that report its version.
        public let gateways: Int
    }

    /// The newest version first.
    public func list(page: PageRequest, as principal: Principal) async throws -> Page<Listed> {
        _ = try principal.scope(for: .viewReleases)
        let gateways = try principal.scope(for: .viewGateways)
        return try await store.read { snapshot in
            let counts = try snapshot.gateways.versions(GatewayFilter(), in: gateways)
            return try snapshot.releases.list(page).map {
                Listed(release: $0, gateways: counts[$0.version, default: 0])
            }
        }
    }

    /// - Throws: ``DomainError/notFound(_:_:)``.
    public func find(_ version: Version, as principal: Principal) async throws -> Listed {
        _ = try principal.scope(for: .viewReleases)
        let gateways = try principal.scope(for: .viewGateways)
        return try await store.read { snapshot in
            guard let release = try snapshot.releases.find(version) else {
                throw DomainError.notFound(.release, version.description)
            }
            return Listed(
                release: release,
                gateways: try snapshot.gateways.count(GatewayFilter(versions: [version]), in: gateways))
        }
    }

    /// The release that had this version last, also if somebody removed it for good: its state then is ``Release/State/removed``.
    ///
    /// - Throws: ``DomainError/notFound(_:_:)`` for a version that no release ever had.
    public func latest(_ version: Version, as principal: Principal) async throws -> Listed {
        _ = try principal.scope(for: .viewReleases)
        let gateways = try principal.scope(for: .viewGateways)
        return try await store.read { snapshot in
            guard let release = try snapshot.releases.latest(version) else {
                throw DomainError.notFound(.release, version.description)
            }
            return Listed(
                release: release,
                gateways: try snapshot.gateways.count(GatewayFilter(versions: [version]), in: gateways))
        }
    }
}
