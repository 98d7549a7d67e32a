/// LATEST_VERSION: the newest version there is.
///
/// ```json
/// {"version":1.2}
/// ```
public struct LatestVersionMessage: Hashable, Sendable {
    /// The newest version.
    public let version: Version

    /// Makes the message.
    ///
    /// - Parameter version: the newest version.
    public init(version: Version) {
        self.version = version
    }

    /// Reads the message leniently.
    ///
    /// - Parameter body: the payload of a frame.
    /// - Throws: ``MessageError`` when `version` is missing or wrong.
    public init(decoding body: [UInt8]) throws(MessageError) {
        version = try FlatObject(body, keeping: [Member.version]).version(Member.version)
    }

    /// The message's body, compact.
    ///
    /// - Parameter style: how the version is written.
    /// - Returns: JSON, as UTF-8.
    public func encoded(versions style: VersionStyle = .number) -> [UInt8] {
        var object = JSONObjectWriter()
        object.write(Member.version, version, style)
        return object.finished()
    }

    private enum Member {
        static let version = "version"
    }
}
