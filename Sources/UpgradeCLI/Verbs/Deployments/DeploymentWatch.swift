import ArgumentParser
import UpgradeAPI

/// Follows a deployment until none of its upgrades is pending.
struct DeploymentWatch {
    let client: APIClient
    let options: ConnectionOptions

    private static let interval = Duration.milliseconds(500)
    /// A daemon that is restarted in the meantime goes on with the deployment: give it this long.
    private static let patience = Duration.seconds(60)

    /// Shows how it goes, and at its end every gateway that did not confirm.
    ///
    /// - Throws: `ExitCode` 1 when one did not.
    func untilSettled(_ deployment: DeploymentBody, within limit: Duration?) async throws {
        let display = ProgressDisplay(options)
        var latest = deployment
        let deadline = limit.map { ContinuousClock.now.advanced(by: $0) }
        var lastAnswer = ContinuousClock.now
        display.show(latest.counts.summary, fraction: latest.counts.settledFraction)
        while latest.counts.pending > 0 {
            let next = ContinuousClock.now.advanced(by: Self.interval)
            if let deadline, next > deadline { break }
            try await Task.sleep(until: next, clock: .continuous)
            do {
                latest = try await client.deployment(deployment.id)
                lastAnswer = .now
            } catch {
                guard error.isUnreachable, ContinuousClock.now - lastAnswer < Self.patience else { throw error }
            }
            display.show(latest.counts.summary, fraction: latest.counts.settledFraction)
        }
        display.end()
        let printer = Printer(options)
        if options.json { try printer.json(latest) }
        guard latest.counts.confirmed < latest.counts.total else { return }
        try await nameUnconfirmed(of: latest, hasTimedOut: latest.counts.pending > 0)
        throw ExitCode(ExitStatus.failed)
    }

    private func nameUnconfirmed(of deployment: DeploymentBody, hasTimedOut: Bool) async throws {
        let upgrades = try await client.all { page throws(APIError) in
            try await client.upgrades(ofDeployment: deployment.id, page: page)
        }
        for upgrade in upgrades where upgrade.state != .confirmed {
            let state = upgrade.state == .pending ? "still pending" : upgrade.state.rawValue
            let reason = upgrade.reason.map { ": \($0.printable)" } ?? ""
            Console.current.errorLine(
                "umctl: \(upgrade.gatewayId) did not confirm \(deployment.version): \(state)\(reason)")
        }
    }
}

extension UpgradeCountsBody {
    /// One line: what is not zero.
    var summary: String {
        let states = [
            ("confirmed", confirmed), ("pending", pending), ("timed out", timedOut), ("failed", failed),
            ("cancelled", cancelled),
        ]
        let parts = states.filter { $0.1 > 0 || $0.0 == "confirmed" }.map { "\($0.1) \($0.0)" }
        return parts.joined(separator: ", ") + " of \(total)"
    }

    var settledFraction: Double {
        total == 0 ? 1 : Double(total - pending) / Double(total)
    }
}

extension Int {
    /// `1 gateway`, `2 gateways`.
    func counted(_ noun: String) -> String {
        "\(self) \(noun)\(self == 1 ? "" : "s")"
    }
}
