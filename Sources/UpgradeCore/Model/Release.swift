public import UpgradeProtocol

/// The number of a release in the database. A version that was removed and added anew is another release.
public struct ReleaseID: Hashable, Sendable {
    /// As the database numbers it.
    public let rawValue: Int64

    /// The release of this number, whether it exists or not.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }
}

/// A version's executable, kept in the store under its digest.
public struct Release: Equatable, Sendable, Identifiable {
    /// Its number.
    public let id: ReleaseID
    /// What gateways report once they run it.
    public let version: Version
    /// Lower-case hexadecimal SHA-256 of the executable; also its file name in the store.
    public let sha256: String
    /// Bytes.
    public let size: Int64
    /// CRC-32 of the executable, as its frame carries it.
    public let crc32: UInt32
    /// When it was announced.
    public let addedAt: Timestamp
    /// The user who uploaded it; nil when it came from the watched folder.
    public let addedBy: String?
    /// Whether it is sent now.
    public var state: State
    /// Where its bytes came from.
    public let origin: Origin

    /// A release that was stored.
    public init(
        id: ReleaseID, version: Version, sha256: String, size: Int64, crc32: UInt32, addedAt: Timestamp,
        addedBy: String?, state: State, origin: Origin
    ) {
        self.id = id
        self.version = version
        self.sha256 = sha256
        self.size = size
        self.crc32 = crc32
        self.addedAt = addedAt
        self.addedBy = addedBy
        self.state = state
        self.origin = origin
    }

    /// Whether a release is sent, or why not.
    public enum State: String, Sendable, CaseIterable {
        /// It is sent.
        case available
        /// The folder's file no longer has the bytes that were announced; nothing is sent until it has them again.
        case changed
        /// The folder's file is gone; nothing is sent until it is back.
        case removed
    }

    /// Where a release's bytes came from.
    public enum Origin: Equatable, Sendable {
        /// A file of this name in the watched folder.
        case folder(fileName: String)
        /// Somebody uploaded it.
        case upload
    }
}
