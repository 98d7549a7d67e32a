import ProgramSupport
import Testing

extension Faults {
    /// Gateways come through a network that cuts, resets, holds up and dribbles, each direction for itself.
    @Suite("The network", .timeLimit(.minutes(60)))
    struct NetworkFaultTests {
        @Test(
            "A bad network: every order comes to its end once it has healed, and no gateway gets what was ordered for another"
        )
        func badNetwork() async throws {
            try await FaultRun(
                fault: "network of gateways", rounds: 2 * FaultRun.rounds, hasBadNetwork: true, breaksDaemon: false
            ).underLoad { daemon, _ in daemon }
        }

        @Test("A bad network, and a daemon that is killed as well")
        func badNetworkAndKill() async throws {
            try await FaultRun(fault: "network of gateways, and kill -9 of umd", hasBadNetwork: true)
                .underLoad { daemon, _ in
                    try await daemon.kill()
                    return try await daemon.restarted()
                }
        }
    }
}
