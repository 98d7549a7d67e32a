import Foundation
import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// Whatever happens in whatever order, the engine does what "The life of one upgrade" says, and the store tells of it truly.
///
/// `MODEL_SEED` runs that seed alone, `MODEL_ROUNDS` so many that nobody has tried.
@Suite("Engine: random schedules against a model", .serialized) struct EngineModelTests {
    private static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["MODEL_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        let first = UInt64.random(in: 1000...(1 << 40))
        guard let rounds = environment["MODEL_ROUNDS"].flatMap({ Int($0) }) else { return Array(1...5) + [first] }
        return (0..<UInt64(max(0, rounds))).map { first + $0 }
    }()

    @Test(
        "One pending upgrade a gateway, each state with its event, nobody out of scope, nobody dragged back, an end for everything",
        arguments: seeds)
    func schedule(seed: UInt64) async throws {
        try await withEngine { fixture in
            let audit = TransactionAudit(of: fixture.store)
            var schedule = EngineSchedule(seed: seed, fixture, audit)
            for version in EngineSchedule.versions.dropFirst(2) { try await schedule.add(version) }
            for _ in 0..<120 where schedule.violations.isEmpty { try await schedule.step() }
            if schedule.violations.isEmpty { try await schedule.calmDown() }
            #expect(audit.transactions > 100, "nothing was audited")
            let violations = schedule.violations.joined(separator: "\n")
            let steps = schedule.steps.suffix(40).joined(separator: "\n")
            #expect(schedule.violations.isEmpty, "MODEL_SEED=\(seed)\n\(violations)\nafter these steps:\n\(steps)")
        }
    }
}
