import Foundation
import Testing

/// Whatever clients do in whatever order, they get what the specifications allow.
///
/// `MODEL_SEED` runs that seed alone, `MODEL_ROUNDS` so many, each from a seed that nobody has tried; either prints what fails as a list of steps.
@Suite(.serialized) struct RandomBrokerTests {
    private static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["MODEL_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        guard let rounds = environment["MODEL_ROUNDS"].flatMap({ Int($0) }) else { return Array(1...24) }
        let first = UInt64.random(in: 1...(1 << 40))
        return (0..<UInt64(max(0, rounds))).map { first + $0 }
    }()

    @Test(arguments: seeds) func schedule(seed: UInt64) async throws {
        let schedule = Schedule(seed: seed)
        let violations = Checker.check(await World.run(schedule))
        guard !violations.isEmpty else { return }
        let kinds = Set(violations.map(\.kind))
        var last = violations
        let shrunk = await Shrinker.shrink(schedule) { candidate in
            let found = Checker.check(await World.run(candidate))
            guard !kinds.isDisjoint(with: found.map(\.kind)) else { return false }
            last = found
            return true
        }
        Issue.record(Comment(rawValue: shrunk.report(of: last)))
    }
}
