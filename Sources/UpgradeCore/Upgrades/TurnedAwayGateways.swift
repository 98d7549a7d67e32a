import Logging
import Synchronization
import UpgradeProtocol

/// What the engine has counted.
public struct EngineCounters: Sendable, Equatable {
    /// STATUS messages of gateways that nobody knows, for which there was no place in quarantine.
    public let turnedAway: Int
}

/// The gateways for which one turn, or the time since the last log line, found no place in quarantine.
struct TurnedAwayGateways: Sendable {
    /// Why a gateway was turned away.
    enum Reason: String, Sendable {
        case tooFast = "more come than may come in at a time; they get in with a later STATUS"
        case full = "as many are in quarantine as may wait there; approve or remove some"
    }

    private(set) var count = 0
    private(set) var last: (gateway: GatewayID, reason: Reason)?

    mutating func add(_ gateway: GatewayID, because reason: Reason) {
        count += 1
        last = (gateway, reason)
    }

    mutating func add(_ others: TurnedAwayGateways) {
        count += others.count
        last = others.last ?? last
    }

    /// For the log line.
    var metadata: Logger.Metadata {
        guard let last else { return [:] }
        return ["count": "\(count)", "gateway": "\(last.gateway)", "reason": "\(last.reason.rawValue)"]
    }
}

/// Counts the gateways that were turned away, and says when the log is to hear of them: at most once a minute, however many there are.
final class TurnedAwayTally: Sendable {
    private struct State {
        var total = 0
        var unreported = TurnedAwayGateways()
        var nextReport: Duration?
    }

    private static let reportInterval = Duration.seconds(60)
    private let state = Mutex(State())

    var total: Int { state.withLock { $0.total } }

    /// Returns what the log is to hear, if it is time for that.
    func add(_ turnedAway: TurnedAwayGateways, at now: Duration) -> TurnedAwayGateways? {
        guard turnedAway.count > 0 else { return nil }
        return state.withLock { state in
            state.total += turnedAway.count
            state.unreported.add(turnedAway)
            if let nextReport = state.nextReport, now < nextReport { return nil }
            state.nextReport = now + Self.reportInterval
            defer { state.unreported = TurnedAwayGateways() }
            return state.unreported
        }
    }
}
