/// AVAILABLE_VERSIONS: all versions there are, newest first.
///
/// ```json
/// {"versions":[1.2,1.1,1]}
/// ```
public struct AvailableVersionsMessage: Hashable, Sendable {
    /// The versions, newest first, each once.
    public let versions: [Version]

    /// Makes the message.
    ///
    /// - Parameter versions: the versions, in any order; none is `{"versions":[]}`.
    public init(versions: [Version]) {
        self.versions = Set(versions).sorted(by: >)
    }

    /// Reads the message leniently.
    ///
    /// - Parameter body: the payload of a frame.
    /// - Throws: ``MessageError`` when `versions` is missing or no array, or one of its elements is no version.
    public init(decoding body: [UInt8]) throws(MessageError) {
        self.init(versions: try FlatObject(body, keeping: [Member.versions]).versions(Member.versions))
    }

    /// The message's body, compact.
    ///
    /// - Parameter style: how the versions are written.
    /// - Returns: JSON, as UTF-8.
    public func encoded(versions style: VersionStyle = .number) -> [UInt8] {
        var object = JSONObjectWriter()
        object.write(Member.versions, versions, style)
        return object.finished()
    }

    private enum Member {
        static let versions = "versions"
    }
}
