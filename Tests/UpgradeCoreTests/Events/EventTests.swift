import GRDB
import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Events")
struct EventTests {
    private func refuse(
        _ gateway: GatewayID, _ kind: EventKind, _ detail: String, company: CompanyID = "2", in store: Store
    ) async throws {
        try await store.write { _ = try $0.append(EventDraft(kind, gateway: gateway, company: company, detail)) }
    }

    @Test("what a gateway can bring about at will is one counted event per gateway, kind, detail and hour")
    func coalescing() async throws {
        let clock = TestClock()
        try await withStore(at: clock) { store in
            try await store.addCompanies()
            for _ in 1...50 { try await refuse("gw1", .frameRefused, "crc", in: store) }
            try await refuse("gw2", .frameRefused, "crc", in: store)
            try await refuse("gw1", .messageRefused, "crc", in: store)
            try await refuse("gw1", .frameRefused, "length", in: store)
            try await refuse("gw1", .frameRefused, "crc", company: "3", in: store)
            clock.advance(byMilliseconds: 3_600_000)
            try await refuse("gw1", .frameRefused, "crc", in: store)
            let events = try await EventService(store: store).list(page: .first, as: .boss).items
            #expect(events.map(\.count) == [1, 1, 1, 1, 1, 50])
            #expect(events.map(\.detail) == ["crc", "crc", "length", "crc", "crc", "crc"])
            let own = try await EventService(store: store).list(page: .first, as: .adminOf3)
            #expect(own.items.map(\.count) == [1], "what happened before it changed hands is not counted in")
        }
    }

    @Test("a gateway that does something else each time fills the log with no more than some rows an hour")
    func differentDetails() async throws {
        let clock = TestClock()
        try await withStore(at: clock) { store in
            try await store.addCompanies()
            for number in 1...50 { try await refuse("gw1", .frameRefused, "crc \(number)", in: store) }
            try await refuse("gw1", .frameRefused, "crc 3", in: store)
            let events = try await EventService(store: store).list(page: .first, as: .boss).items
            #expect(events.count == TextRules.detailsPerHour + 1)
            #expect(events.first?.detail == EventTable.others)
            #expect(events.first?.count == Int64(50 - TextRules.detailsPerHour))
            #expect(events.map(\.count).reduce(0, +) == 51)
            #expect(events.first { $0.detail == "crc 3" }?.count == 2)
        }
    }

    @Test(
        "events stand by their latest time; over pages none is lost or doubled, whatever is counted up or comes meanwhile"
    )
    func order() async throws {
        let clock = TestClock()
        try await withStore(at: clock) { store in
            try await store.addCompanies()
            let service = EventService(store: store)
            for number in 1...9 {
                // Two of the same time, so that the number decides.
                for gateway in ["a", "b"] as [GatewayID] {
                    try await refuse(gateway, .frameRefused, "\(number)", in: store)
                }
                clock.advance(byMilliseconds: 1000)
            }
            try await refuse("a", .frameRefused, "1", in: store)
            var walked: [Event] = []
            var cursor: UpgradeCore.Cursor?
            repeat {
                let page = try await service.list(
                    EventFilter(company: "2"), page: PageRequest(limit: 5, cursor: cursor), as: .boss)
                #expect(page.total == 18 + walked.count / 5)
                walked += page.items
                cursor = page.nextCursor
                clock.advance(byMilliseconds: 1000)
                // It stands before what was read, as does what was read and is counted up.
                try await refuse("a", .messageRefused, "\(walked.count)", in: store)
                try await refuse("a", .frameRefused, "1", in: store)
            } while cursor != nil
            #expect(walked.count == 18 && Set(walked.map(\.id)).count == 18)
            #expect(
                walked.map { [$0.time.milliseconds, $0.id] }
                    == walked.map { [$0.time.milliseconds, $0.id] }.sorted { $0.lexicographicallyPrecedes($1) }
                    .reversed())
            #expect(walked[0].detail == "1" && walked[0].gatewayID == "a" && walked[0].count == 2)
        }
    }

    @Test("the parts of an export have each event once, also of those that are counted up while it is read")
    func batches() async throws {
        let clock = TestClock()
        try await withStore(at: clock) { store in
            try await store.addCompanies()
            let service = EventService(store: store)
            for number in 1...9 { try await refuse("a", .frameRefused, "\(number)", in: store) }
            for number in 1...5 { try await refuse("c", .frameRefused, "\(number)", company: "3", in: store) }
            var read: [String] = []
            var last: Int64?
            while true {
                let batch = try await service.batch(EventFilter(), below: last, limit: 2, as: .adminOf2)
                read += batch.map(\.detail)
                guard let id = batch.last?.id else { break }
                last = id
                clock.advance(byMilliseconds: 1000)
                for number in 1...9 { try await refuse("a", .frameRefused, "\(number)", in: store) }
            }
            #expect(read == ["9", "8", "7", "6", "5", "4", "3", "2", "1"])
            let user = await domainError {
                try await service.batch(EventFilter(), below: nil, limit: 2, as: .userOf2)
            }
            #expect(user?.isForbidden == true)
        }
    }

    @Test(
        "no page of the log sorts or reads the whole of it",
        arguments: [
            EventFilter(), EventFilter(gateway: "gw1"), EventFilter(company: "2"), EventFilter(user: "ann"),
            EventFilter(kinds: [.frameRefused]), EventFilter(since: Timestamp(milliseconds: 7)),
        ])
    func plans(filter: EventFilter) async throws {
        try await withStore { store in
            let list = EventTable.list(filter, in: .everything)
            let plan = try await store.pool.read { database in
                let conditions = list.conditions.and("(time, id) < (?, ?)", 7, 7)
                return try Row.fetchAll(
                    database,
                    sql: """
                        EXPLAIN QUERY PLAN SELECT \(list.columns) FROM event \(conditions.clause)
                        ORDER BY time DESC, id DESC LIMIT 101
                        """, arguments: conditions.arguments
                ).map { $0["detail"] as String }
            }
            #expect(plan.count == 1 && plan[0].hasPrefix("SEARCH event USING INDEX event_by_"), "\(plan)")
            #expect(plan[0].contains("time<?"), "\(plan)")
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
