import FoundationEssentials

extension UpgradeExplanation {
    /// The sentence, with times in RFC 3339.
    public var sentence: String { sentence { $0.rfc3339 } }

    /// One sentence in plain English, without a capital at its start and a full stop at its end, as errors are.
    ///
    /// - Parameter time: writes a time into it.
    /// - Returns: the sentence.
    public func sentence(writing time: (Timestamp) -> String) -> String {
        switch cause {
        case .quarantined(let claims?): "quarantined: it claims company \(claims) and waits for approval"
        case .quarantined(nil): "quarantined: it has not said yet which company it belongs to"
        case .disabled(isPending: true): "disabled: \(version) waits until it may connect again"
        case .disabled(isPending: false): "disabled: it may not connect"
        case .offline(let since, let delivery?):
            "offline\(since.map { " since \(time($0))" } ?? ""), after \(delivered(delivery, time))"
        case .offline(let since?, nil): "offline since \(time(since)): \(version) waits until it is back"
        case .offline(nil, nil): "never connected: \(version) waits for it"
        case .awaitingStatus(let delivery?): "waiting for its STATUS, after \(delivered(delivery, time))"
        case .awaitingStatus(nil): "waiting for its STATUS before \(version) is sent"
        case .awaitingSubscription: "waiting for it to subscribe to UPGRADE before \(version) is sent"
        case .reportsAnother(let reported, let before):
            "it reports \(reported), no longer \(before) as before the first attempt: \(version) is not sent again"
        case .nextAttempt(let at, let delivery):
            "next attempt to send \(version) at \(time(at))"
                + (delivery.map { ": the last one, \(number($0)), arrived without being confirmed" } ?? "")
        case .awaitingReconnection(let attempt):
            "attempt \(attempt) to send \(version) did not arrive: the next is made when it connects again"
        case .withheld(let state):
            "\(version) is withheld: its file in the resources folder \(state == .changed ? "has changed" : "is gone")"
        case .inLine: "\(version) waits for its turn to be sent"
        case .aboutToBeSent: "\(version) is about to be sent"
        case .sending(let since, let attempt):
            "\(version) is being sent\(since.map { " since \(time($0))" } ?? "") (attempt \(attempt))"
        case .awaitingConfirmation(let delivery):
            "\(version) was sent, waiting for confirmation since \(time(delivery.at)) (\(number(delivery)))"
        case .ended(let ending): ending.clause(time)
        case .notOrdered(let earlier):
            "nobody ordered \(version)" + (earlier.map { "; before, \($0.clause(time))" } ?? "")
        case .ahead(let reported): "it reports \(reported), which is above the newest release, \(version)"
        }
    }

    private func delivered(_ delivery: Delivery, _ time: (Timestamp) -> String) -> String {
        "\(version) was delivered at \(time(delivery.at)) (\(number(delivery)))"
    }

    private func number(_ delivery: Delivery) -> String {
        "attempt \(delivery.number) of \(AttemptPolicy.deliveredAttempts)"
    }
}

extension UpgradeExplanation.Ending {
    fileprivate func clause(_ time: (Timestamp) -> String) -> String {
        let why = reason.map { ": \(oneLine($0))" } ?? ""
        return switch state {
        case .timedOut: "\(version) timed out after \(after.inWords)\(why)"
        case .failed: "\(version) failed at \(time(at))\(why)"
        case .cancelled:
            if let supersededBy {
                "order \(deployment) for \(version) was superseded by order \(supersededBy)"
            } else {
                "order \(deployment) for \(version) ended at \(time(at))\(why)"
            }
        case .confirmed, .pending:
            "\(version) was confirmed at \(time(at)), but it reports \(reported.map { "\($0)" } ?? "nothing") now"
        }
    }
}

extension Duration {
    /// In the largest unit of which there is one, rounded down: `15 minutes`, `1 day`.
    fileprivate var inWords: String {
        let seconds = components.seconds
        let units: [(Int64, String)] = [(86_400, "day"), (3600, "hour"), (60, "minute")]
        let (length, name) = units.first { seconds >= $0.0 } ?? (1, "second")
        let count = seconds / length
        return "\(count) \(name)\(count == 1 ? "" : "s")"
    }
}

extension Timestamp {
    /// RFC 3339 in UTC, to the second: `2026-11-25T03:07:22Z`.
    public var rfc3339: String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(.iso8601)
    }
}
