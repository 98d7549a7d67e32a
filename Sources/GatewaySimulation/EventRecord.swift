import FoundationEssentials
import UpgradeGateway
import UpgradeProtocol

/// An event as `--json` prints it: one object a line, members that do not apply left out.
struct EventRecord: Encodable {
    let time: String
    var gateway: String?
    let event: String
    /// As text: a decimal survives no way through a double.
    var version: String?
    var versions: [String]?
    var bytes: Int?
    var topic: String?
    var reason: String?
    /// What the event says to people, and all there is to a summary.
    var text: String?

    /// What happened to a gateway.
    init(_ event: GatewayEvent, of gateway: GatewayID, at time: String) {
        let (name, details) = Self.parts(of: event)
        self = EventRecord(name, at: time)
        self.gateway = gateway.rawValue
        details(&self)
        text = "\(event)"
    }

    /// How the fleet is doing.
    init(summary: String, at time: String) {
        self = EventRecord("summary", at: time)
        text = summary
    }

    private init(_ event: String, at time: String) {
        self.time = time
        self.event = event
    }

    /// The line, without its end.
    var line: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and numbers always encode.
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    private static func parts(of event: GatewayEvent) -> (String, (inout EventRecord) -> Void) {
        switch event {
        case .connected: ("connected", { _ in })
        case .disconnected(let error, let wasConnected, _):
            (wasConnected ? "disconnected" : "connectionFailed", { $0.reason = "\(error)" })
        case .subscriptionRefused(let error): ("subscriptionRefused", { $0.reason = "\(error)" })
        case .reported(let status):
            (
                "reported",
                {
                    $0.version = "\(status.version)"
                    $0.reason = status.failed
                }
            )
        case .reportRefused(let error): ("reportRefused", { $0.reason = "\(error)" })
        case .latestVersion(let version): ("latestVersion", { $0.version = "\(version)" })
        case .availableVersions(let versions): ("availableVersions", { $0.versions = versions.map(\.description) })
        case .downloadRequested(let version): ("downloadRequested", { $0.version = "\(version)" })
        case .installing(let count): ("installing", { $0.bytes = count })
        case .installationQueued(let count): ("installationQueued", { $0.bytes = count })
        case .repeatedUpgradeIgnored(let count): ("repeatedUpgradeIgnored", { $0.bytes = count })
        case .installed(let version, _): ("installed", { $0.version = "\(version)" })
        case .installationFailed(let failure, _): ("installationFailed", { $0.take(failure) })
        case .downloaded(let version, let count): ("downloaded", { $0.take(version, count) })
        case .kept(let version, let count): ("kept", { $0.take(version, count) })
        case .keepingFailed(let failure): ("keepingFailed", { $0.take(failure) })
        case .frameRejected(let topic, let error, _): ("frameRejected", { $0.take(topic, "\(error)") })
        case .messageRejected(let topic, let error): ("messageRejected", { $0.take(topic, "\(error)") })
        case .retainedExecutableIgnored(let topic): ("retainedExecutableIgnored", { $0.topic = topic.name })
        case .stateNotSaved(let error): ("stateNotSaved", { $0.reason = "\(error)" })
        }
    }

    private mutating func take(_ failure: InstallationFailure) {
        version = failure.version?.description
        reason = failure.reason
    }

    private mutating func take(_ version: Version?, _ count: Int) {
        self.version = version?.description
        bytes = count
    }

    private mutating func take(_ topic: Topic, _ reason: String) {
        self.topic = topic.name
        self.reason = reason
    }
}
