import MQTTWire
import Synchronization
import Testing

@Suite("Event loop", .timeLimit(.minutes(1)))
struct EventLoopTests {
    @Test("Jobs of one thread run in order, on the loop's thread; after the stop none is accepted")
    func jobs() async throws {
        let loop = try EventLoop()
        let seen = Mutex<[Int]>([])
        for number in 0..<1000 {
            loop.execute {
                #expect(loop.isCurrent)
                seen.withLock { $0.append(number) }
            }
        }
        #expect(!loop.isCurrent)
        loop.stop()
        loop.join()
        #expect(seen.withLock { $0 } == Array(0..<1000))
        #expect(!loop.execute { Issue.record("a stopped loop ran a job") })
    }

    @Test("A mailbox hands its messages over in order and in batches, from many threads")
    func mailbox() async throws {
        let loop = try EventLoop()
        let seen = Mutex<(messages: [Int], batches: Int)>(([], 0))
        let mailbox = Mailbox<Int>(loop: loop) { batch in
            seen.withLock {
                $0.messages += batch
                $0.batches += 1
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for sender in 0..<4 {
                group.addTask { for number in 0..<1000 { mailbox.post(sender * 1000 + number) } }
            }
        }
        try await eventually("all messages are there") { seen.withLock { $0.messages.count } == 4000 }
        let (messages, batches) = seen.withLock { $0 }
        for sender in 0..<4 {
            #expect(messages.filter { $0 / 1000 == sender } == Array(sender * 1000..<(sender + 1) * 1000))
        }
        #expect(batches <= 4000)
        loop.stop()
        loop.join()
    }

    @Test("Timers fire in order, never early, and not when cancelled")
    func timers() async throws {
        let loop = try EventLoop()
        let fired = Mutex<[Int]>([])
        loop.execute {
            let start = MonotonicTime.now
            for milliseconds in [40, 5, 20, 5] {
                loop.schedule(after: .milliseconds(milliseconds)) {
                    #expect(MonotonicTime.now - start >= .milliseconds(milliseconds))
                    fired.withLock { $0.append(milliseconds) }
                }
            }
            let cancelled = loop.schedule(after: .milliseconds(10)) { Issue.record("a cancelled timer fired") }
            loop.schedule(after: .milliseconds(1)) { loop.cancel(cancelled) }
        }
        try await eventually("four timers have fired") { fired.withLock { $0.count } == 4 }
        #expect(fired.withLock { $0 } == [5, 5, 20, 40])
        loop.stop()
        loop.join()
    }

    @Test("What belongs to a loop cannot be touched from another thread")
    func boundToTheLoop() async {
        await #expect(processExitsWith: .failure) {
            let loop = try EventLoop()
            loop.schedule(after: .zero) {}
        }
    }
}
