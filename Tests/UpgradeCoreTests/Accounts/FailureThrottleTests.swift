import Testing
import UpgradeCore

@Suite("Slowing down who guesses")
struct FailureThrottleTests {
    private let start = Duration.seconds(1_000)

    @Test("the tenth failure in five minutes blocks a key until the first of them is five minutes old")
    func block() {
        var throttle = FailureThrottle<String>()
        for second in 0..<9 { throttle.recordFailure(of: "a", at: start + .seconds(second)) }
        #expect(!throttle.isBlocked("a", at: start + .seconds(9)))
        throttle.recordFailure(of: "a", at: start + .seconds(9))
        #expect(throttle.blockedUntil("a", at: start + .seconds(9)) == start + .seconds(300))
        #expect(throttle.isBlocked("a", at: start + .seconds(299)))
        #expect(!throttle.isBlocked("a", at: start + .seconds(300)))
        #expect(!throttle.isBlocked("b", at: start + .seconds(9)), "another key is another matter")
        throttle.recordFailure(of: "a", at: start + .seconds(300))
        #expect(
            throttle.blockedUntil("a", at: start + .seconds(300)) == start + .seconds(301),
            "the window slides: the second failure is the next to leave it")
    }

    @Test("failures that are spread out block nothing")
    func slow() {
        var throttle = FailureThrottle<String>()
        for number in 0..<100 {
            throttle.recordFailure(of: "a", at: start + .seconds(34 * number))
            #expect(!throttle.isBlocked("a", at: start + .seconds(34 * number)))
        }
    }

    @Test("each refusal waits twice as long as the one before, up to four seconds, and five minutes forget it")
    func delay() {
        var throttle = FailureThrottle<String>()
        var delays: [Duration] = []
        for _ in 0..<7 {
            delays.append(throttle.delay(for: "a", at: start))
            throttle.recordFailure(of: "a", at: start)
        }
        #expect(delays == [0.25, 0.5, 1, 2, 4, 4, 4].map { Duration.seconds($0) })
        #expect(throttle.delay(for: "b", at: start) == .milliseconds(250))
        #expect(throttle.delay(for: "a", at: start + .seconds(299)) == .seconds(4))
        #expect(throttle.delay(for: "a", at: start + .seconds(300)) == .milliseconds(250))
    }

    @Test("a success clears the key")
    func success() {
        var throttle = FailureThrottle<String>()
        for _ in 0..<10 { throttle.recordFailure(of: "a", at: start) }
        throttle.recordSuccess(of: "a")
        #expect(!throttle.isBlocked("a", at: start))
        #expect(throttle.delay(for: "a", at: start) == .milliseconds(250))
    }

    @Test("of too many keys those that failed least recently are forgotten, and at least half stay")
    func capacity() {
        var rule = FailureThrottle<Int>.Rule()
        rule.capacity = 100
        rule.limit = 1
        var throttle = FailureThrottle<Int>(rule)
        for key in 0..<1_000 {
            throttle.recordFailure(of: key, at: start)
            // One that goes on failing is never forgotten.
            throttle.recordFailure(of: -1, at: start)
        }
        let kept = (-1..<1_000).filter { throttle.isBlocked($0, at: start) }
        #expect((50...100).contains(kept.count))
        #expect(kept.first == -1)
        #expect(Array(kept.suffix(49)) == Array(951..<1_000))
    }
}
