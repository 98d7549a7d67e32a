/// A gateway that needs a look, and why.
public struct TroubledGateway: Sendable, Equatable {
    /// The gateway.
    public let gateway: Gateway
    /// What is the matter with it; at least one thing.
    public let concerns: [Concern]
    /// Why it is not upgraded, if it is not.
    public let explanation: UpgradeExplanation?

    /// Something that is the matter with a gateway.
    public enum Concern: Sendable, Equatable {
        /// Its last upgrade failed or timed out.
        case failing(Gateway.LastUpgrade)
        /// It sent frames or messages that were refused; `total` since it is known.
        case badFrames(total: Int64, last: Timestamp)
        /// It is gone for longer than a day.
        case offline(since: Timestamp)
    }
}

extension TroubledGateway.Concern {
    /// One clause in plain English.
    ///
    /// - Parameter time: writes a time into it.
    /// - Returns: the clause.
    public func sentence(writing time: (Timestamp) -> String = { $0.rfc3339 }) -> String {
        switch self {
        case .failing(let last):
            "\(last.targetVersion) \(last.state == .timedOut ? "timed out" : "failed")"
                + (last.reason.map { ": \(oneLine($0))" } ?? "")
        case .badFrames(let total, let last):
            "\(total) bad frame\(total == 1 ? "" : "s"), the last at \(time(last))"
        case .offline(let since): "offline since \(time(since))"
        }
    }
}

extension Gateway {
    /// What is the matter with it.
    func concerns(badFramesSince: Timestamp, absentBefore: Timestamp) -> [TroubledGateway.Concern] {
        var concerns: [TroubledGateway.Concern] = []
        if let last = lastUpgradeOrder, last.state == .failed || last.state == .timedOut {
            concerns.append(.failing(last))
        }
        if let last = lastBadFrame, last >= badFramesSince {
            concerns.append(.badFrames(total: badFrames, last: last))
        }
        if approved, enabled, !online, let lastSeen, lastSeen < absentBefore {
            concerns.append(.offline(since: lastSeen))
        }
        return concerns
    }
}
