public import UpgradeGateway
public import UpgradeProtocol

/// An installer that only waits. In a simulation an executable is nothing but its version number as text, with or without white space around it.
///
/// Like a gateway in the field, it takes an empty one for version 0.5. Content that is no version fails, without a version that the cloud could be told.
public struct SimulatedInstaller: Installer {
    private static let emptyExecutable = "0.5"
    /// No version is as long; white space around it is allowed for, also so much that a release has the size that somebody wants to try.
    private static let longestContent = 4096

    private let duration: Duration
    private let failureRate: Double

    /// An installer.
    ///
    /// - Parameters:
    ///   - duration: how long an installation takes.
    ///   - failureRate: which part of the installations fails, 0 to 1.
    public init(duration: Duration, failureRate: Double = 0) {
        self.duration = duration
        self.failureRate = failureRate
    }

    /// Waits, then returns the version that the executable's content is.
    public func install(_ executable: Executable) async throws -> Version {
        try await Task.sleep(for: duration)
        let version = try Self.version(in: executable)
        guard Double.random(in: 0..<1) >= failureRate else {
            throw InstallationFailure(version: version, reason: "simulated failure")
        }
        return version
    }

    /// Does nothing: a simulated gateway never installs what it was given to keep.
    public func keep(_ executable: Executable) async throws {}

    private static func version(in executable: Executable) throws(InstallationFailure) -> Version {
        guard executable.count <= longestContent else {
            throw InstallationFailure(
                version: nil,
                reason: "\(executable.count) bytes are no version; a simulated executable is a version as text")
        }
        let text = String(decoding: executable, as: UTF8.self)
        let content = text.drop(while: \.isWhitespace)
        let trimmed =
            content.isEmpty ? content : content[...(content.lastIndex { !$0.isWhitespace } ?? content.startIndex)]
        do {
            return try Version(trimmed.isEmpty ? emptyExecutable : String(trimmed))
        } catch {
            throw InstallationFailure(version: nil, reason: "\(error)")
        }
    }
}
