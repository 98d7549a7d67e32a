import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Events")
struct EventTests {
    @Test("what a gateway can bring about at will is one counted event per gateway, kind and hour")
    func coalescing() async throws {
        let clock = TestClock()
        try await withStore(at: clock) { store in
            try await store.addCompanies()
            func refuse(_ gateway: GatewayID, _ kind: EventKind, _ detail: String) async throws {
                try await store.write {
                    _ = try $0.append(EventDraft(kind, gateway: gateway, company: "2", detail))
                }
            }
            for number in 1...50 { try await refuse("gw1", .frameRefused, "crc \(number)") }
            try await refuse("gw2", .frameRefused, "crc")
            try await refuse("gw1", .messageRefused, "json")
            clock.advance(byMilliseconds: 3_600_000)
            try await refuse("gw1", .frameRefused, "next hour")
            let events = try await EventService(store: store).list(page: .first, as: .adminOf2).items
            #expect(events.map(\.count) == [1, 1, 1, 50])
            #expect(events.map(\.detail) == ["next hour", "json", "crc", "crc 50"])
        }
    }

    @Test("every kind is kept and read back")
    func kinds() async throws {
        try await withStore { store in
            try await store.write { transaction in
                for kind in EventKind.allCases { try transaction.append(EventDraft(kind, gateway: "gw1", "x")) }
            }
            let events = try await EventService(store: store).list(page: .first, as: .boss).items
            #expect(Set(events.map(\.kind)) == Set(EventKind.allCases))
        }
    }

    @Test("a detail is cut between characters, not refused")
    func details() async throws {
        try await withStore { store in
            let event = try await store.write { transaction in
                try transaction.append(EventDraft(.frameRefused, gateway: "gw1", String(repeating: "ä", count: 5000)))
            }
            #expect(event.detail.utf8.count <= TextRules.detailLength)
            #expect(event.detail.hasSuffix("ä…"))
        }
    }

    /// Events of two companies and of nobody, one a second.
    private func withLog(_ body: (EventService, Store, Timestamp) async throws -> Void) async throws {
        let clock = TestClock()
        try await withStore(at: clock) { store in
            let start = clock.now
            let drafts = [
                EventDraft(.releaseAdded, by: "boss", "1.2"),
                EventDraft(.gatewayCreated, gateway: "a2", company: "2", "new"),
                EventDraft(.gatewayCreated, gateway: "c3", company: "3", "new"),
                EventDraft(.userCreated, by: "admin2", company: "2", "anna"),
                EventDraft(
                    .upgradeConfirmed, gateway: "a2", company: "2", deployment: DeploymentID(rawValue: 7), "to 1.2"),
            ]
            for draft in drafts {
                try await store.write { _ = try $0.append(draft) }
                clock.advance(byMilliseconds: 1000)
            }
            try await body(EventService(store: store), store, start)
        }
    }

    @Test("the log is filtered by gateway, company, user, kind, deployment and time")
    func filters() async throws {
        try await withLog { events, _, start in
            func after(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: start.milliseconds + seconds * 1000) }
            let cases: [(EventFilter, [String])] = [
                (EventFilter(), ["to 1.2", "anna", "new", "new", "1.2"]),
                (EventFilter(gateway: "a2"), ["to 1.2", "new"]),
                (EventFilter(company: "3"), ["new"]),
                (EventFilter(user: "admin2"), ["anna"]),
                (EventFilter(kinds: [.releaseAdded, .userCreated]), ["anna", "1.2"]),
                (EventFilter(deployment: DeploymentID(rawValue: 7)), ["to 1.2"]),
                (EventFilter(since: after(3)), ["to 1.2", "anna"]),
                (EventFilter(since: after(1), until: after(3)), ["new", "new"]),
            ]
            for (filter, expected) in cases {
                let page = try await events.list(filter, page: .first, as: .boss)
                #expect(page.items.map(\.detail) == expected, "\(filter)")
            }
        }
    }

    @Test("an administrator reads the own company's events; a user the dashboard's share of them")
    func scope() async throws {
        try await withLog { events, _, _ in
            let log = try await events.list(page: .first, as: .adminOf2)
            #expect(log.items.map(\.detail) == ["to 1.2", "anna", "new"])
            #expect(log.total == 3)
            #expect(try await events.list(EventFilter(company: "3"), page: .first, as: .adminOf2).items.isEmpty)
            #expect(await domainError { try await events.list(page: .first, as: .userOf2) }?.isForbidden == true)
            let dashboard = try await events.latest(page: .first, as: .userOf2)
            #expect(dashboard.items.map(\.detail) == ["to 1.2", "new"])
            #expect(dashboard.total == 2)
            #expect(try await events.latest(page: .first, as: .adminOf2).total == 3)
        }
    }

    @Test("a listener that was away gets what it missed, and no more than it may see")
    func missed() async throws {
        try await withLog { events, _, _ in
            let ids = Array(try await events.list(page: .first, as: .boss).items.map(\.id).reversed())
            func missed(_ id: Int64, limit: Int = 100, as principal: Principal) async throws -> [String]? {
                try await events.missed(since: id, limit: limit, as: principal)?.map(\.detail)
            }
            #expect(try await missed(ids[0], as: .boss) == ["new", "new", "anna", "to 1.2"])
            #expect(try await missed(ids[1], limit: 2, as: .boss) == ["new", "anna"])
            #expect(try await missed(ids[4], as: .boss) == [])
            #expect(try await missed(ids[1], as: .adminOf2) == ["anna", "to 1.2"])
            // Numbers of events that do not exist, or are another company's.
            for id in [-1, 0, ids[4] + 1, .max] { #expect(try await missed(id, as: .boss) == nil) }
            #expect(try await missed(ids[2], as: .adminOf2) == nil)
            #expect(await domainError { try await missed(ids[1], as: .userOf2) }?.isForbidden == true)
        }
    }

    @Test("pages of the log, newest first")
    func pages() async throws {
        try await withLog { events, _, _ in
            let first = try await events.list(page: PageRequest(limit: 2), as: .boss)
            #expect(first.items.map(\.detail) == ["to 1.2", "anna"])
            #expect(first.total == 5)
            let second = try await events.list(page: PageRequest(limit: 3, cursor: first.nextCursor), as: .boss)
            #expect(second.items.map(\.detail) == ["new", "new", "1.2"])
            #expect(second.nextCursor == nil)
            let foreign = try PageRequest(cursor: Cursor("6777"))
            #expect(await domainError { try await events.list(page: foreign, as: .boss) }?.field == "cursor")
        }
    }
}
