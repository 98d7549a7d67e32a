import HTTPTypes
import Synchronization
import Testing

@testable import UpgradeServer

@Suite("Waiting one's turn")
struct ThrottleTests {
    @Test("A turnstile lets so many through, has so many wait, and turns the rest away")
    func turnstile() async throws {
        let turnstile = Turnstile(places: 2, queue: 3, queuePerOrigin: 3)
        #expect(await turnstile.enter(from: "a"))
        #expect(await turnstile.enter(from: "a"))
        let order = Order()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<3 {
                group.addTask {
                    #expect(await turnstile.enter(from: "a"))
                    order.numbers.withLock { $0.append(number) }
                    turnstile.leave()
                }
                try await eventually("the task waits") { turnstile.waiting == number + 1 }
            }
            #expect(await !turnstile.enter(from: "b"), "the queue is full")
            turnstile.leave()
            try await group.waitForAll()
        }
        #expect(order.numbers.withLock { $0 } == [0, 1, 2])
        turnstile.leave()
        #expect(await turnstile.enter(from: "a"))
        #expect(await turnstile.enter(from: "a"), "every place was given back")
    }

    @Test("One origin takes but its part of the queue")
    func turnstilePerOrigin() async throws {
        let turnstile = Turnstile(places: 1, queue: 3, queuePerOrigin: 2)
        #expect(await turnstile.enter(from: "a"))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 1...2 {
                group.addTask { await turnstile.enter(from: "a") }
                try await eventually("the task waits") { turnstile.waiting == number }
            }
            #expect(await !turnstile.enter(from: "a"), "its part is taken")
            group.addTask { await turnstile.enter(from: "b") }
            try await eventually("another origin waits") { turnstile.waiting == 3 }
            for _ in 0..<3 {
                turnstile.leave()
                #expect(try await group.next() == true)
            }
        }
    }

    @Test("Whoever gives up waiting leaves the queue")
    func cancelled() async throws {
        let turnstile = Turnstile(places: 1, queue: 1, queuePerOrigin: 1)
        #expect(await turnstile.enter(from: "a"))
        let waiting = Task { await turnstile.enter(from: "a") }
        try await eventually("the task waits") { turnstile.waiting == 1 }
        waiting.cancel()
        #expect(await !waiting.value)
        #expect(turnstile.waiting == 0)
        turnstile.leave()
        #expect(await turnstile.enter(from: "a"))
    }

    @Test(
        "When to come again is said in whole seconds, and in words",
        arguments: [
            (Duration.milliseconds(1), 1, "1 second"), (.seconds(1), 1, "1 second"),
            (.milliseconds(44_100), 45, "45 seconds"), (.seconds(299), 299, "5 minutes"),
            (.seconds(90), 90, "2 minutes"), (.seconds(-3), 1, "1 second"),
        ])
    func retryLater(wait: Duration, seconds: Int, words: String) {
        let error = RetryLater(.tooManyRequests, "too many", after: wait)
        #expect(error.headers[.retryAfter] == String(seconds))
        #expect(error.detail == "too many; try again in \(words)")
    }

    @Test(
        "Two origins are one when host and port are",
        arguments: [
            ("http://localhost:5001", "localhost:5001", 80, true), ("http://LOCALHOST", "localhost", 80, true),
            ("https://fleet.example", "fleet.example", 443, true),
            ("https://fleet.example:443", "fleet.example", 443, true),
            ("https://fleet.example", "fleet.example:443", 443, true), ("http://[::1]:80", "[::1]", 80, true),
            ("http://fleet.example", "fleet.example", 443, false), ("http://localhost:1", "localhost", 80, false),
            ("http://a@localhost", "localhost", 80, false), ("http://localhost/", "localhost", 80, false),
            ("null", "null", 80, false), ("", "localhost", 80, false), ("http://", "localhost", 80, false),
            ("http://[::1", "[::1]", 80, false), ("http://localhost:", "localhost", 80, true),
            ("http://localhost:99999999999999999999", "localhost:1", 80, false),
        ])
    func origins(origin: String, host: String, port: Int, same: Bool) {
        let ours = WebOrigin(authority: host, defaultPort: port)
        #expect(ours != nil)
        #expect((WebOrigin(origin) == ours) == same)
    }
}

/// Who came through, in this order.
private final class Order: Sendable {
    let numbers = Mutex<[Int]>([])
}
