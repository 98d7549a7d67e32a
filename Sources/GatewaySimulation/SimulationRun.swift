import Glibc
import MQTTWire
import Synchronization
import UpgradeGateway
import UpgradeProtocol

/// A simulation from its start to whatever ends it.
struct SimulationRun: Sendable {
    /// What ended it.
    enum Ending: Sendable {
        case signal
        /// The server does not want this gateway, and trying again will not change that.
        case refused(String)
        /// The system did not let it run.
        case failed(String)
    }

    /// How long the goodbyes may take, before the process ends without them.
    private static let patience: Duration = .seconds(5)

    private let settings: SimulationSettings
    private let report: SimulationReport
    private let endsWhenRefused: Bool

    /// A run that has not begun.
    ///
    /// - Parameters:
    ///   - settings: the fleet.
    ///   - report: who tells of it.
    ///   - endsWhenRefused: whether a gateway that the server refuses before it ever was connected ends it all.
    init(_ settings: SimulationSettings, report: SimulationReport, endsWhenRefused: Bool) {
        self.settings = settings
        self.report = report
        self.endsWhenRefused = endsWhenRefused
    }

    /// Runs the fleet until a signal comes or something makes it pointless; then every gateway says goodbye.
    func untilItEnds() async -> Ending {
        let (endings, end) = AsyncStream.makeStream(of: Ending.self)
        let signals = TerminationSignals { end.yield(.signal) }
        let running = Task {
            await withTaskGroup { group in
                group.addTask { await report.showSummaries() }
                await runFleet(end)
                group.cancelAll()
            }
        }
        var first = Ending.signal
        for await ending in endings {
            first = ending
            break
        }
        running.cancel()
        // A server that takes nothing any more must not hold up the end.
        let deadline = Task {
            try await Task.sleep(for: Self.patience)
            exit(EX_OK)
        }
        await running.value
        deadline.cancel()
        withExtendedLifetime(signals) {}
        return first
    }

    private func runFleet(_ end: AsyncStream<Ending>.Continuation) async {
        let wasAccepted = Atomic(false)
        do {
            try await SimulatedFleet(settings).run { gateway, event in
                if case .connected = event { wasAccepted.store(true, ordering: .relaxed) }
                if endsWhenRefused, !wasAccepted.load(ordering: .relaxed), let refusal = refusal(in: event) {
                    end.yield(.refused(refusal))
                } else {
                    report.show(event, of: gateway)
                }
            }
        } catch {
            end.yield(.failed("\(error)"))
        }
    }

    private func remedy(for error: TLSError) -> String {
        switch error {
        case .unknownAuthority, .selfSigned: "Name its authority with --ca"
        case .wrongName: "Name it with --host as its certificate does"
        default: "Its certificate has to be made anew, see 'umctl doctor' there"
        }
    }

    /// What the event says of a server that will not have this gateway.
    private func refusal(in event: GatewayEvent) -> String? {
        let server = "\(settings.host):\(settings.port)"
        if case .disconnected(.tls(let error), _, _) = event, error.isAboutPeerCertificate {
            return "\(server): \(error); the gateway said nothing to it. \(remedy(for: error))"
        }
        guard case .disconnected(.refused(let code, _), _, _) = event else { return nil }
        switch code {
        case .badUserNameOrPassword, .notAuthorized:
            return
                "\(server) refuses the user name or the password; give --user and --password (an enrolled gateway has its own)"
        case .clientIdentifierNotValid, .banned, .unsupportedProtocolVersion:
            return "\(server) refuses this gateway: \(code)"
        default: return nil
        }
    }
}
