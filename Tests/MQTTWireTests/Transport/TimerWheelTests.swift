import MQTTWire
import RandomSupport
import Testing

@Suite("Timer wheel")
struct TimerWheelTests {
    @Test("Every timer fires at the first advance that reaches its deadline, however far away it is")
    func model() {
        var random = SeededGenerator(seed: 1)
        var wheel = TimerWheel<Int>(now: 12_345)
        var deadlines: [Int: UInt64] = [:]
        var ids: [Int: TimerWheel<Int>.ID] = [:]
        var now: UInt64 = 12_345
        var nextName = 0
        for _ in 0..<20_000 {
            switch random.next() % 4 {
            case 0, 1:
                // From the next tick to beyond the reach of the coarsest wheel.
                let delay = random.next() >> (26 + random.next() % 37)
                ids[nextName] = wheel.start(at: now + delay, nextName)
                deadlines[nextName] = max(now + delay, now + 1)
                nextName += 1
            case 2:
                guard let name = deadlines.keys.min(), let id = ids[name] else { continue }
                #expect(wheel.cancel(id) == name)
                #expect(wheel.cancel(id) == nil)
                deadlines[name] = nil
            default:
                let target =
                    random.next() % 2 == 0
                    ? now + random.next() % 300 : now + random.next() >> (30 + random.next() % 30)
                if let next = wheel.nextDeadline, let first = deadlines.values.min() { #expect(next <= first) }
                let fired = wheel.advance(to: target).compactMap { wheel.cancel($0) }
                let due = deadlines.filter { $0.value <= target }
                #expect(Set(fired) == Set(due.keys))
                #expect(fired.map { due[$0] ?? 0 } == fired.map { due[$0] ?? 0 }.sorted())
                for name in fired { deadlines[name] = nil }
                now = target
            }
        }
        #expect(wheel.count == deadlines.count)
    }

    @Test(
        "A timer in the past fires at the next tick; a fired one cannot be cancelled, nor can its successor by the old name"
    )
    func past() {
        var wheel = TimerWheel<String>(now: 100)
        let first = wheel.start(at: 5, "first")
        #expect(wheel.advance(to: 100).isEmpty)
        #expect(wheel.advance(to: 101) == [first])
        #expect(wheel.cancel(first) == "first")
        let second = wheel.start(at: 200, "second")
        #expect(wheel.cancel(first) == nil)
        #expect(wheel.count == 1)
        #expect(wheel.cancel(second) == "second")
        #expect(wheel.nextDeadline == nil)
    }

    @Test("Of two timers that are due at once, the first can still cancel the second")
    func dueAtOnce() {
        var wheel = TimerWheel<String>()
        let (one, other) = (wheel.start(at: 7, "one"), wheel.start(at: 7, "other"))
        let due = wheel.advance(to: 7)
        #expect(Set(due) == [one, other])
        #expect(wheel.nextDeadline == nil)
        #expect(wheel.cancel(other) == "other")
        #expect(due.compactMap { wheel.cancel($0) } == ["one"])
        #expect(wheel.count == 0)
    }
}
