public import UpgradeProtocol

/// What a gateway's maker brings along: how an executable gets to run on this device.
///
/// Neither method is called again before the last call has returned. When ``GatewayAgent/run()`` is cancelled, so is the task that they run in, and `run` waits
/// for their end.
public protocol Installer: Sendable {
    /// Installs an executable right away, for UPGRADE.
    ///
    /// Length and checksum of the frame were right. What the executable is, only the installer can tell.
    ///
    /// - Parameter executable: the bytes; keeping them keeps the memory.
    /// - Returns: the version that runs from now on, which is then reported.
    /// - Throws: ``InstallationFailure``, so that the cloud hears at once which version failed; of other errors the cloud hears the description.
    func install(_ executable: Executable) async throws -> Version

    /// Keeps an executable for later, for DOWNLOAD_UPGRADE. When its time has come, hand it to ``GatewayAgent/install(_:)``.
    ///
    /// - Parameter executable: the bytes, and the version that was asked for; keeping them keeps the memory.
    /// - Throws: anything; the download is then asked for again if it still is the latest.
    func keep(_ executable: Executable) async throws
}

/// An installation failed; the gateway runs what it ran before.
public struct InstallationFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The version that could not be installed; nil if nobody could tell. The cloud settles its order only if it is named.
    public let version: Version?
    /// Why, for people: one line.
    public let reason: String

    /// An installation that failed.
    ///
    /// - Parameters:
    ///   - version: the version that could not be installed, if it is known.
    ///   - reason: why, for people: one line.
    public init(version: Version?, reason: String) {
        self.version = version
        self.reason = reason
    }

    /// What an installer threw.
    init(_ error: any Error, of executable: Executable) {
        self =
            error as? InstallationFailure
            ?? InstallationFailure(version: executable.requestedVersion, reason: "\(error)")
    }

    /// One line that names the version and the reason.
    public var description: String {
        "installing \(version.map { "version \($0)" } ?? "an executable of unknown version") failed: \(reason)"
    }
}

/// An installer made of closures.
struct ClosureInstaller: Installer {
    let installing: @Sendable (Executable) async throws -> Version
    let keeping: @Sendable (Executable) async throws -> Void

    func install(_ executable: Executable) async throws -> Version { try await installing(executable) }

    func keep(_ executable: Executable) async throws { try await keeping(executable) }
}
