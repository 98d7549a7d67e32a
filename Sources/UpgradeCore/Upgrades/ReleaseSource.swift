/// Where the engine gets the bytes of a release: the release store, as the engine sees it.
public protocol ReleaseSource: Sendable {
    /// Reads the store's copy of `release` from end to end and compares it with what was recorded when it was added.
    ///
    /// The file stays as it is until the release is removed. Called once for each push, and again if somebody has touched the file.
    ///
    /// - Throws: ``ReleaseDamage`` when the copy is gone or has other bytes; any other error when it could not be read just now, which is tried again.
    func verifiedCopy(of release: Release) async throws -> ReleaseCopy
}

/// A release's file, verified.
public struct ReleaseCopy: Hashable, Sendable {
    /// Where the file is.
    public var path: String
    /// Bytes.
    public var size: Int
    /// The CRC-32 of all its bytes.
    public var crc32: UInt32
    /// The file's when reading began; nil where nobody can write to it.
    private var stamp: FileStamp?

    /// The file at `path`, which has been read and found to be right.
    public init(path: String, size: Int, crc32: UInt32) {
        self.path = path
        self.size = size
        self.crc32 = crc32
    }

    init(path: String, size: Int, crc32: UInt32, stamp: FileStamp?) {
        self.init(path: path, size: size, crc32: crc32)
        self.stamp = stamp
    }

    /// Whether nobody has touched the file since it was read.
    var isStillVerified: Bool { stamp.map { $0 == FileStamp(of: path) } ?? true }
}

/// The store's copy of a release is not what was added.
public struct ReleaseDamage: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line that says what is wrong.
    public let description: String

    /// Damage that `description` says in one line.
    public init(_ description: String) { self.description = description }
}
