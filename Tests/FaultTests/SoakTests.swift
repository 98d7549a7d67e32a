import Foundation
import ProgramSupport
import Testing

extension Faults {
    /// A long run: whatever is done over and over leaves nothing behind.
    @Suite("A long run", .timeLimit(.minutes(60 * 48))) struct SoakTests {
        private static let seconds = ProcessInfo.processInfo.environment["SOAK_SECONDS"].flatMap { Int($0) }

        @Test(
            "A thousand gateways come, go and are upgraded: memory, descriptors, threads and tables stay flat",
            .enabled(if: seconds != nil, "make soak runs it"))
        func soak() async throws {
            let seconds = Self.seconds ?? 0
            let retention = max(10, seconds / 10)
            try await Daemon.with(["--event-retention", "\(retention)s"]) { daemon in
                for version in ["1.1", "1.2"] { try await daemon.drop(version, Data(version.utf8)) }
                let fleet = try SoakFleet(of: 1000, in: 5, to: daemon.mqttPort, seed: FaultRun.seed)
                let began = ContinuousClock.now
                var samples: [SoakSample] = []
                var round = 0
                print("seed \(FaultRun.seed), events are kept for \(retention) s\n\(SoakSample.header)")
                while ContinuousClock.now - began < .seconds(seconds) {
                    round += 1
                    if round % 3 == 0 { try await fleet.change() }
                    if round % 4 == 0 {
                        let version = round % 8 == 0 ? "1.1" : "1.2"
                        let push = try await daemon.umctl("push", "--version", version, "--all")
                        #expect(push.status == 0, "\(push.errors)")
                    }
                    try await Task.sleep(for: .seconds(5))
                    let second = Int((ContinuousClock.now - began) / .seconds(1))
                    let sample = try await SoakSample.take(of: daemon, at: second)
                    samples.append(sample)
                    print(sample.row)
                }
                let growth = SoakJudgement.growth(in: samples)
                #expect(growth.isEmpty, "seed \(FaultRun.seed): \(growth)")
                let confirmed = try await daemon.json("gateway", "list", "--state", "confirmed")["total"].integer ?? 0
                #expect(confirmed > 0, "nobody was upgraded")
            }
        }

        @Test("The judgement sees what grows, and neither a warm-up nor a single peak")
        func judgement() {
            func run(_ memory: (Int) -> Int) -> [SoakSample] {
                (0..<40).map { SoakSample(second: $0, memory: memory($0), descriptors: 1000, events: 5000) }
            }
            #expect(SoakJudgement.growth(in: run { _ in 100_000 }).isEmpty)
            #expect(SoakJudgement.growth(in: run { min($0, 9) * 10_000 }).isEmpty)
            #expect(SoakJudgement.growth(in: run { $0 == 35 ? 900_000 : 100_000 }).isEmpty)
            #expect(SoakJudgement.growth(in: run { 100_000 + $0 * 2000 }).count == 1)
            #expect(!SoakJudgement.growth(in: []).isEmpty)
        }
    }
}
