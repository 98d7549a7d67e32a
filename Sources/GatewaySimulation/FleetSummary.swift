import Synchronization
import UpgradeGateway
import UpgradeProtocol

/// How a fleet is doing, in numbers.
final class FleetSummary: Sendable {
    private struct State {
        var connected = 0
        var installing = 0
        var failed = 0
        var badFrames = 0
        /// Of the gateways that have connected, how many run which version.
        var versions: [Version: Int] = [:]
        var seen: Set<GatewayID> = []
    }

    private static let versionsShown = 4

    private let size: Int
    private let initialVersion: Version
    private let state = Mutex(State())

    init(size: Int, initialVersion: Version) {
        self.size = size
        self.initialVersion = initialVersion
    }

    /// Takes in what happened to a gateway.
    func note(_ event: GatewayEvent, of gateway: GatewayID) {
        state.withLock { state in
            switch event {
            case .connected:
                state.connected += 1
                if state.seen.insert(gateway).inserted { state.versions[initialVersion, default: 0] += 1 }
            case .disconnected(_, wasConnected: true, _): state.connected -= 1
            case .installing: state.installing += 1
            case .installed(let version, let old):
                state.installing -= 1
                state.versions[old, default: 0] -= 1
                state.versions[version, default: 0] += 1
            case .installationFailed:
                state.installing -= 1
                state.failed += 1
            case .frameRejected: state.badFrames += 1
            default: break
            }
        }
    }

    /// One line, short enough for a terminal.
    var line: String {
        state.withLock { state in
            let versions = state.versions.filter { $0.value > 0 }.sorted { $0.key > $1.key }
            var parts = ["\(state.connected) of \(size) connected"]
            parts += versions.prefix(Self.versionsShown).map { "\($0.value) on \($0.key)" }
            if versions.count > Self.versionsShown {
                parts.append("\(versions.count - Self.versionsShown) more versions")
            }
            if state.installing > 0 { parts.append("\(state.installing) installing") }
            if state.failed > 0 { parts.append("\(state.failed) failed") }
            if state.badFrames > 0 { parts.append("\(state.badFrames) bad frames") }
            return parts.joined(separator: " · ")
        }
    }
}
