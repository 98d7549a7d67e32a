/// STATUS: which company a gateway belongs to, which version it runs, and when it last upgraded.
///
/// ```json
/// {"companyId":"2","version":0.5,"timestamp":1466000000123}
/// ```
///
/// `failed` and `failedVersion` are an additive extension: a gateway that could not install a version says so, and why.
public struct StatusMessage: Hashable, Sendable {
    /// The company that the gateway says it belongs to.
    public let companyID: CompanyID
    /// The version that the gateway runs.
    public let version: Version
    /// When the gateway last upgraded, in milliseconds since 1970; within ``ProtocolLimits/statusTimestamps`` when it
    /// was read from a message.
    public let timestamp: Int64?
    /// Why the installation of ``failedVersion`` failed. One line of at most ``ProtocolLimits/failureReasonLength``
    /// bytes: control characters become spaces, and what is too long is cut.
    public let failed: String?
    /// The version whose installation failed.
    public let failedVersion: Version?

    /// Makes a status.
    ///
    /// - Parameters:
    ///   - companyID: the company that the gateway belongs to.
    ///   - version: the version that it runs.
    ///   - timestamp: when it last upgraded, in milliseconds since 1970.
    ///   - failed: why the installation of `failedVersion` failed.
    ///   - failedVersion: the version whose installation failed.
    public init(
        companyID: CompanyID, version: Version, timestamp: Int64? = nil, failed: String? = nil,
        failedVersion: Version? = nil
    ) {
        self.companyID = companyID
        self.version = version
        self.timestamp = timestamp
        self.failed = failed.map(StatusMessage.reason)
        self.failedVersion = failedVersion
    }

    /// Reads a status leniently: numbers and strings stand for each other, white space around values is trimmed, unknown
    /// members are ignored.
    ///
    /// - Parameter body: the payload of a frame.
    /// - Throws: ``MessageError`` when `companyId` or `version` is missing, or a member is there but wrong.
    public init(decoding body: [UInt8]) throws(MessageError) {
        let object = try FlatObject(
            body, keeping: [Member.companyID, Member.version, Member.timestamp, Member.failed, Member.failedVersion])
        self.init(
            companyID: try object.companyID(Member.companyID),
            version: try object.version(Member.version),
            timestamp: try object.timestampIfPresent(Member.timestamp),
            failed: try object.reasonIfPresent(Member.failed),
            failedVersion: try object.versionIfPresent(Member.failedVersion))
    }

    /// The message's body, compact.
    ///
    /// - Parameter style: how versions are written.
    /// - Returns: JSON, as UTF-8.
    public func encoded(versions style: VersionStyle = .number) -> [UInt8] {
        var object = JSONObjectWriter()
        object.write(Member.companyID, string: companyID.rawValue)
        object.write(Member.version, version, style)
        if let timestamp { object.write(Member.timestamp, number: String(timestamp)) }
        if let failed { object.write(Member.failed, string: failed) }
        if let failedVersion { object.write(Member.failedVersion, failedVersion, style) }
        return object.finished()
    }

    private static func reason(_ text: String) -> String {
        var line = ""
        var length = 0
        for scalar in text.trimmed().unicodeScalars {
            length += UTF8.width(scalar)
            guard length <= ProtocolLimits.failureReasonLength else { break }
            line.unicodeScalars.append(scalar.isControl ? " " : scalar)
        }
        return line
    }

    private enum Member {
        static let companyID = "companyId"
        static let version = "version"
        static let timestamp = "timestamp"
        static let failed = "failed"
        static let failedVersion = "failedVersion"
    }
}
