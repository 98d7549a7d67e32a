public import UpgradeProtocol

/// A release, as `/releases` shows it.
public struct ReleaseBody: Codable, Sendable, Equatable {
    /// Its version.
    public var version: Version
    /// The executable's length in bytes.
    public var size: Int
    /// SHA-256 of the executable, 64 lower-case hexadecimal digits.
    public var sha256: String
    /// When it was added.
    public var addedAt: RFC3339Time
    /// Whether it can be sent.
    public var state: ReleaseStateName
    /// How many gateways report this version.
    public var gateways: Int

    /// A release.
    public init(
        version: Version, size: Int, sha256: String, addedAt: RFC3339Time, state: ReleaseStateName, gateways: Int
    ) {
        self.version = version
        self.size = size
        self.sha256 = sha256
        self.addedAt = addedAt
        self.state = state
        self.gateways = gateways
    }
}

/// Whether a release can be sent.
public enum ReleaseStateName: String, Codable, Sendable, CaseIterable {
    /// It can be sent.
    case available
    /// Its file in the watched folder has other bytes than when it was announced: nothing is sent.
    case changed
    /// Its file in the watched folder is gone: nothing is sent.
    case removed
}

extension APIClient {
    /// `GET /releases`, newest version first.
    public func releases(_ page: PageQuery = PageQuery()) async throws(APIError) -> PageBody<ReleaseBody> {
        try await get(["releases"], query: page.items)
    }

    /// `GET /releases/{version}`.
    public func release(_ version: Version) async throws(APIError) -> ReleaseBody {
        try await get(["releases", version.description])
    }

    /// `PUT /releases/{version}`: streams the file's bytes; memory stays bounded. `progress` is told the bytes handed over so far, from any task.
    public func addRelease(
        _ version: Version, from file: FileUpload, progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async throws(APIError) -> ReleaseBody {
        try await upload(["releases", version.description], file, progress: progress)
    }

    /// `DELETE /releases/{version}`.
    public func removeRelease(_ version: Version) async throws(APIError) {
        try await delete(["releases", version.description])
    }
}
