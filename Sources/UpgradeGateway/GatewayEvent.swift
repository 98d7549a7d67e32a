public import MQTTWire
public import UpgradeProtocol

/// What happens to a gateway, for whoever watches it. Its description is one line for people.
public enum GatewayEvent: Hashable, Sendable, CustomStringConvertible {
    /// The server accepted the connection.
    case connected
    /// A connection was lost, or an attempt failed. The next attempt follows after the delay; nil: none does.
    case disconnected(MQTTClientError, wasConnected: Bool, retryAfter: Duration?)
    /// The server refused some subscriptions; the gateway goes on with the others.
    case subscriptionRefused(MQTTClientError)
    /// The server acknowledged a STATUS.
    case reported(StatusMessage)
    /// The server refused a STATUS (5.0).
    case reportRefused(MQTTClientError)
    /// The cloud named the latest version.
    case latestVersion(Version)
    /// The cloud named all versions, newest first.
    case availableVersions([Version])
    /// A version was asked for, to be downloaded.
    case downloadRequested(Version)
    /// An executable of so many bytes arrived whole, and its installation begins.
    case installing(byteCount: Int)
    /// An executable arrived while another is being installed, and is next. One that waited for the same is dropped.
    case installationQueued(byteCount: Int)
    /// The executable that is being installed arrived once more, and was ignored.
    case repeatedUpgradeIgnored(byteCount: Int)
    /// The installer is done; the version runs.
    case installed(Version, replacing: Version)
    /// The installer failed; the version runs on.
    case installationFailed(InstallationFailure, running: Version)
    /// A download arrived whole and is being handed to the installer to keep.
    case downloaded(Version?, byteCount: Int)
    /// The installer keeps a download.
    case kept(Version?, byteCount: Int)
    /// The installer could not keep a download.
    case keepingFailed(InstallationFailure)
    /// A frame broke the rules and changed nothing; the count is of all such frames since the agent began.
    case frameRejected(Topic, FrameError, count: Int)
    /// A frame was right, and what it held was no message of its topic; it changed nothing.
    case messageRejected(Topic, MessageError)
    /// A retained executable was ignored: it would be installed again at every connection. The cloud never sends one.
    case retainedExecutableIgnored(Topic)
    /// The state could not be written; after a restart the gateway would report an old one.
    case stateNotSaved(StateFileError)

    /// One line for people.
    public var description: String {
        switch self {
        case .connected: "connected"
        case .disconnected(let error, let wasConnected, let delay):
            "\(wasConnected ? "disconnected" : "cannot connect"): \(error)"
                + (delay.map { "; next attempt in \(seconds($0))" } ?? "")
        case .subscriptionRefused(let error): "\(error)"
        case .reported(let status):
            "reported version \(status.version)"
                + (status.failed.map { " and the failure of \(version(status.failedVersion)): \($0)" } ?? "")
        case .reportRefused(let error): "STATUS refused: \(error)"
        case .latestVersion(let version): "latest version is \(version)"
        case .availableVersions(let versions):
            versions.isEmpty
                ? "no versions available"
                : "available versions: \(versions.map(\.description).joined(separator: ", "))"
        case .downloadRequested(let version): "asked for version \(version)"
        case .installing(let byteCount): "installing \(bytes(byteCount))"
        case .installationQueued(let byteCount): "will install \(bytes(byteCount)) after the present installation"
        case .repeatedUpgradeIgnored(let byteCount):
            "ignored \(bytes(byteCount)) that are being installed already"
        case .installed(let version, let old): "installed version \(version), replacing \(old)"
        case .installationFailed(let failure, let running): "\(failure); version \(running) runs on"
        case .downloaded(let wanted, let byteCount): "downloaded \(version(wanted)), \(bytes(byteCount))"
        case .kept(let wanted, let byteCount): "keeps \(version(wanted)), \(bytes(byteCount))"
        case .keepingFailed(let failure): "cannot keep \(version(failure.version)): \(failure.reason)"
        case .frameRejected(let topic, let error, let count): "bad frame on \(topic) (\(count) so far): \(error)"
        case .messageRejected(let topic, let error): "bad message on \(topic): \(error)"
        case .retainedExecutableIgnored(let topic): "ignored a retained executable on \(topic)"
        case .stateNotSaved(let error): "state not saved: \(error)"
        }
    }
}

private func version(_ version: Version?) -> String {
    version.map { "version \($0)" } ?? "an unknown version"
}

private func bytes(_ count: Int) -> String {
    count == 1 ? "1 byte" : "\(count) bytes"
}

/// Tenths of a second, rounded up.
private func seconds(_ duration: Duration) -> String {
    let tenths =
        duration.components.seconds * 10 + (duration.components.attoseconds + 99_999_999_999_999_999)
        / 100_000_000_000_000_000
    return "\(tenths / 10).\(tenths % 10) s"
}
