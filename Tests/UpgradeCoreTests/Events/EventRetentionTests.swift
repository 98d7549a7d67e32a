import Foundation
import Synchronization
import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// Events do not pile up for ever, and what they told of stays as it is.
@Suite("Event retention") struct EventRetentionTests {
    private static let day: Int64 = 86_400_000
    /// `EVENT_BACKLOG` asks for a larger backlog and has the figures printed.
    private static let askedBacklog = ProcessInfo.processInfo.environment["EVENT_BACKLOG"].flatMap { Int($0) }

    private func retention(_ fixture: EngineFixture, days: Int) -> EventRetention {
        EventRetention(
            store: fixture.store, keepingFor: .seconds(days * 86_400), time: fixture.time,
            logger: fixture.log.logger("events"))
    }

    private func events(_ store: Store) async throws -> [Event] {
        try await store.read { try $0.events.list(after: 0, in: .everything, limit: 1_000_000) }
    }

    @Test("What happened last before the time that is kept goes, and no state with it")
    func oldEvents() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.store.add(["gw1", "gw2"], company: "2")
            let deployment = try await fixture.order("1.2", .all)
            let connection = try await fixture.connect("gw1", reporting: "1.2")
            try await fixture.disconnect("gw1", connection)
            let before = try await fixture.gateway("gw1")
            fixture.time.advanceSilently(by: .seconds(6 * 86_400))
            try await fixture.connect("gw2", reporting: "0.5")
            fixture.time.advanceSilently(by: .seconds(5 * 86_400))
            var watch: ClockWatch?
            let old = try await events(fixture.store).filter {
                $0.time.milliseconds < fixture.time.now().milliseconds - 10 * Self.day
            }
            #expect(try await retention(fixture, days: 10).look(&watch) == old.count)
            let left = try await events(fixture.store)
            #expect(!left.isEmpty && Set(left.map(\.id)).isDisjoint(with: old.map(\.id)))
            #expect(try await fixture.gateway("gw1") == before)
            #expect(try await fixture.upgrade("gw1", deployment).state == .confirmed)
            #expect(try await fixture.upgrade("gw2", deployment).state == .pending)
            let service = DeploymentService(store: fixture.store)
            let overview = try await service.find(deployment, as: .boss)
            #expect((overview.counts[.confirmed], overview.counts[.pending]) == (1, 1))
            let history = try await GatewayService(store: fixture.store)
                .history(of: "gw1", page: .first, as: .boss)
            #expect(history.items.isEmpty)
            // Whoever was told an event that is gone is told to look at everything anew.
            let missed = try await EventService(store: fixture.store)
                .missed(since: try #require(old.last).id, limit: 10, as: .boss)
            #expect(missed == nil)
        }
    }

    @Test("A counted event stays as long as it goes on; new events never get the number of one that is gone")
    func countedEvents() async throws {
        try await withEngine { fixture in
            let draft = EventDraft(.frameRefused, gateway: "gw1", company: "2", "crc")
            let first = try await fixture.store.write { try $0.append(draft) }
            fixture.time.advanceSilently(by: .seconds(1200))
            _ = try await fixture.store.write { try $0.append(draft) }
            fixture.time.advanceSilently(by: .seconds(86_400 - 600))
            var watch: ClockWatch?
            #expect(try await retention(fixture, days: 1).look(&watch) == 0)
            fixture.time.advanceSilently(by: .seconds(601))
            #expect(try await retention(fixture, days: 1).look(&watch) == 1)
            #expect(try await events(fixture.store).isEmpty)
            #expect(try await fixture.store.write { try $0.append(draft) }.id > first.id)
        }
    }

    @Test(
        "A clock that was set a year ahead, or shows it at the start, has to be right for a day before anything is removed"
    )
    func jumpingClock() async throws {
        try await withEngine { fixture in
            _ = try await fixture.store.write { try $0.append(EventDraft(.initialised, "made")) }
            let retention = retention(fixture, days: 30)
            var watch: ClockWatch?
            #expect(try await retention.look(&watch) == 0)
            fixture.time.wall.advance(byMilliseconds: 365 * Self.day)
            #expect(try await retention.look(&watch) == 0)
            #expect(fixture.log.lines.count == 1, "it is told, once")
            // Set right again, nothing has happened.
            fixture.time.wall.advance(byMilliseconds: -365 * Self.day)
            #expect(try await retention.look(&watch) == 0)
            fixture.time.wall.advance(byMilliseconds: 365 * Self.day)
            var another: ClockWatch?
            #expect(try await retention.look(&another) == 0, "a process that starts later remembers")
            fixture.time.advanceSilently(by: .seconds(86_399))
            #expect(try await retention.look(&another) == 0)
            fixture.time.advanceSilently(by: .seconds(1))
            #expect(try await retention.look(&another) == 1)
        }
    }

    @Test("A large backlog goes while reports are acknowledged, and its place in the file is used again")
    func backlog() async throws {
        let backlog = Self.askedBacklog ?? 20_000
        try await withEngine { fixture in
            try await fixture.store.add((1...100).map { GatewayID(stringLiteral: "gw\($0)") }, company: "2")
            try await fixture.store.addEvents(backlog)
            fixture.time.advanceSilently(by: .seconds(2 * 86_400))
            let quiet = try await delays(of: 2000, fixture)
            let size = try await fixture.store.pages()
            let removal = Task {
                var watch: ClockWatch?
                return try await retention(fixture, days: 1).look(&watch)
            }
            let began = ContinuousClock.now
            var busy: [Duration] = []
            let isOver = Flag()
            let waiting = Task {
                defer { isOver.raise() }
                return try await removal.value
            }
            repeat { busy += try await delays(of: 200, fixture) } while !isOver.isRaised
            #expect(try await waiting.value == backlog)
            let duration = ContinuousClock.now - began
            let left = try await events(fixture.store)
            #expect(left.allSatisfy { $0.kind != .initialised })
            try await fixture.store.addEvents(backlog)
            let again = try await fixture.store.pages()
            #expect(again <= size + size / 10, "\(again) pages after \(size)")
            guard Self.askedBacklog != nil else { return }
            print("removed \(backlog) events in \(duration); \(size) pages, filled again \(again)")
            print("acknowledged without: \(summary(quiet)); meanwhile: \(summary(busy))")
        }
    }

    /// How long reports waited for their acknowledgement, ten at a time.
    private func delays(of count: Int, _ fixture: EngineFixture) async throws -> [Duration] {
        var delays: [Duration] = []
        for _ in 0..<(count / 10) {
            let began = ContinuousClock.now
            delays += try await withThrowingTaskGroup(of: Duration.self) { group in
                for number in 1...10 {
                    group.addTask {
                        await withCheckedContinuation { continuation in
                            let id = GatewayID(stringLiteral: "gw\(number)")
                            fixture.engine.receive([
                                .message(
                                    fixture.status(id, ConnectionID(rawValue: 999), "2", "0.5") {
                                        continuation.resume(returning: ContinuousClock.now - began)
                                    })
                            ])
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        return delays
    }

    private func summary(_ delays: [Duration]) -> String {
        let sorted = delays.sorted()
        func part(_ percent: Double) -> String {
            let index = min(sorted.count - 1, Int(Double(sorted.count) * percent / 100))
            return "p\(percent) \(sorted[index].formatted(.units(allowed: [.microseconds])))"
        }
        return "\(delays.count) reports, \(part(50)), \(part(99)), \(part(99.9)), most \(part(100))"
    }
}

/// Raised once, by whoever waits.
private final class Flag: Sendable {
    private let raised = Mutex(false)
    var isRaised: Bool { raised.withLock { $0 } }
    func raise() { raised.withLock { $0 = true } }
}
