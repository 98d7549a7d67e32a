import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Gateways")
struct GatewayServiceTests {
    /// Two gateways of company 2, one of company 3, one in quarantine that claims company 2.
    private func withFleet(_ body: (GatewayService, Store) async throws -> Void) async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(["a2", "b2"], company: "2")
            try await store.add(["c3"], company: "3")
            try await store.add(["q2"], company: "2", quarantined: true)
            try await body(GatewayService(store: store), store)
        }
    }

    private func ids(
        _ gateways: GatewayService, _ filter: GatewayFilter = GatewayFilter(), as principal: Principal
    ) async throws -> [GatewayID] {
        let page = try await gateways.list(filter, page: .first, as: principal)
        #expect(page.total == page.items.count)
        return page.items.map(\.id)
    }

    @Test("everybody sees the gateways of the own company; administrators also those that claim it")
    func visibility() async throws {
        try await withFleet { gateways, _ in
            let everyone: [(Principal, [GatewayID])] = [
                (.boss, ["a2", "b2", "c3", "q2"]), (.adminOf2, ["a2", "b2", "q2"]), (.userOf2, ["a2", "b2"]),
                (.adminOf3, ["c3"]),
            ]
            for (principal, expected) in everyone {
                let seen = try await ids(gateways, as: principal)
                #expect(seen == expected, "\(principal.username)")
            }
            let foreign = try await ids(gateways, GatewayFilter(company: "2"), as: .adminOf3)
            #expect(foreign.isEmpty)
            let claiming = try await gateways.find("q2", as: .adminOf2)
            #expect(!claiming.approved)
        }
    }

    @Test("nothing tells another company's gateway from one that does not exist")
    func scope() async throws {
        try await withFleet { gateways, _ in
            for id in ["a2", "q2", "nowhere"] as [GatewayID] {
                let attempts: [() async throws -> Void] = [
                    { _ = try await gateways.find(id, as: .adminOf3) },
                    { _ = try await gateways.events(of: id, page: .first, as: .adminOf3) },
                    { _ = try await gateways.update(id, GatewayChanges(name: "x"), as: .adminOf3) },
                    { _ = try await gateways.approve(id, as: .adminOf3) },
                    { _ = try await gateways.setEnabled(false, id, as: .adminOf3) },
                    { try await gateways.remove(id, as: .adminOf3) },
                ]
                for attempt in attempts {
                    let error = await domainError(attempt)
                    #expect(error == .notFound(.gateway, id.rawValue))
                }
            }
            #expect(await domainError { try await gateways.find("q2", as: .userOf2) }?.isNotFound == true)
        }
    }

    @Test("a user changes nothing")
    func users() async throws {
        try await withFleet { gateways, _ in
            let attempts: [() async throws -> Void] = [
                { _ = try await gateways.update("a2", GatewayChanges(name: "x"), as: .userOf2) },
                { _ = try await gateways.setEnabled(false, "a2", as: .userOf2) },
                { _ = try await gateways.approve("q2", as: .userOf2) },
                { try await gateways.remove("a2", as: .userOf2) },
                { _ = try await gateways.events(of: "a2", page: .first, as: .userOf2) },
            ]
            for attempt in attempts {
                let error = await domainError(attempt)
                #expect(error?.isForbidden == true)
            }
        }
    }

    @Test("name, address and place change, and are checked")
    func changes() async throws {
        try await withFleet { gateways, _ in
            let changes = GatewayChanges(
                name: " Roof ", address: .set("1 Main St"), latitude: .set(48.2), longitude: .set(-16.4))
            let gateway = try await gateways.update("a2", changes, as: .adminOf2)
            #expect(gateway.name == "Roof")
            #expect(gateway.latitude == 48.2)
            let cleared = try await gateways.update("a2", GatewayChanges(address: .set(" ")), as: .adminOf2)
            #expect(cleared.address == nil)
            #expect(cleared.longitude == -16.4)
            let nowhere = try await gateways.update(
                "a2", GatewayChanges(latitude: .clear, longitude: .clear), as: .adminOf2)
            #expect(nowhere.latitude == nil && nowhere.longitude == nil)
            for (changes, field) in [
                (GatewayChanges(name: ""), "name"), (GatewayChanges(latitude: .set(90.1)), "latitude"),
                (GatewayChanges(longitude: .set(.nan)), "longitude"),
                (GatewayChanges(latitude: .set(.infinity)), "latitude"),
                (GatewayChanges(address: .set("a\u{7}")), "address"),
            ] {
                #expect(await domainError { try await gateways.update("a2", changes, as: .adminOf2) }?.field == field)
            }
            let events = try await gateways.events(of: "a2", page: .first, as: .adminOf2)
            #expect(events.items.map(\.kind) == [.gatewayChanged, .gatewayChanged, .gatewayChanged])
        }
    }

    @Test("only a super user moves a gateway, to a company that exists, and both companies learn of it")
    func moving() async throws {
        try await withFleet { gateways, store in
            let move = GatewayChanges(companyID: "3")
            #expect(await domainError { try await gateways.update("a2", move, as: .adminOf2) }?.isForbidden == true)
            let nowhere = GatewayChanges(companyID: "9")
            #expect(await domainError { try await gateways.update("a2", nowhere, as: .boss) }?.field == "companyId")
            #expect(try await gateways.update("a2", move, as: .boss).companyID == "3")
            #expect(try await ids(gateways, as: .adminOf3) == ["a2", "c3"])
            let events = EventService(store: store)
            for admin in [Principal.adminOf2, .adminOf3] {
                #expect(try await events.list(page: .first, as: admin).items.map(\.kind) == [.gatewayMoved])
            }
            let former = try await events.list(page: .first, as: .adminOf2).items
            #expect(
                !former.contains { $0.detail.contains("3") }, "whose it is now is no business of the former company")
        }
    }

    @Test("approving binds a gateway to the company that it claims, and makes that company if need be")
    func approval() async throws {
        try await withFleet { gateways, store in
            #expect(try await gateways.approve("q2", as: .adminOf2).companyID == "2")
            #expect(try await gateways.approve("q2", as: .adminOf2).approved, "once more changes nothing")
            try await store.add(["q7"], company: "7", quarantined: true)
            #expect(try await gateways.approve("q7", as: .boss).companyID == "7")
            let company = try await CompanyService(store: store).find("7", as: .boss)
            #expect(company == Company(id: "7", name: "New Company 7", registered: false))

            try await store.write { try $0.gateways.insert("silent", company: nil, claimed: nil, at: $0.time) }
            #expect(await domainError { try await gateways.approve("silent", as: .boss) }?.isConflict == true)
            #expect(try await gateways.update("silent", GatewayChanges(companyID: "2"), as: .boss).approved)
        }
    }

    @Test("a gateway is disabled and enabled, and a change that is none leaves no event")
    func enabling() async throws {
        try await withFleet { gateways, _ in
            #expect(try await !gateways.setEnabled(false, "a2", as: .adminOf2).enabled)
            _ = try await gateways.setEnabled(false, "a2", as: .adminOf2)
            #expect(try await gateways.setEnabled(true, "a2", as: .adminOf2).enabled)
            let events = try await gateways.events(of: "a2", page: .first, as: .adminOf2)
            #expect(events.items.map(\.kind) == [.gatewayEnabled, .gatewayDisabled])
        }
    }

    @Test("a removed gateway takes its upgrades along and leaves its events")
    func removal() async throws {
        try await withFleet { gateways, store in
            let release = try await store.addRelease("1.2")
            let deployment = try await store.addDeployment(
                of: release, to: ["a2": .pending, "b2": .confirmed], target: .all)
            try await gateways.remove("a2", as: .adminOf2)
            #expect(await domainError { try await gateways.find("a2", as: .boss) }?.isNotFound == true)
            let counts = try await DeploymentService(store: store).find(deployment, as: .boss).counts
            #expect(counts.total == 1)
            let events = try await EventService(store: store)
                .list(EventFilter(gateway: "a2"), page: .first, as: .adminOf2)
            #expect(events.items.map(\.kind) == [.gatewayRemoved])
        }
    }

    @Test("the list is filtered by every property, and by several at once")
    func filters() async throws {
        try await withFleet { gateways, store in
            let release = try await store.addRelease("1.2")
            _ = try await store.addDeployment(of: release, to: ["a2": .failed, "c3": .failed], target: .all)
            try await store.write { transaction in
                for id in ["a2", "b2"] as [GatewayID] {
                    try transaction.gateways.recordStatus(
                        id, version: "0.5", lastUpgrade: nil, claimed: "2", at: transaction.time)
                }
                try transaction.gateways.recordPresence("b2", online: true, at: transaction.time)
            }
            _ = try await gateways.update("b2", GatewayChanges(name: "100%_Dach", address: .set("Graz")), as: .boss)
            let cases: [(GatewayFilter, [GatewayID])] = [
                (GatewayFilter(company: "2"), ["a2", "b2", "q2"]),
                (GatewayFilter(versions: ["0.5"]), ["a2", "b2"]),
                (GatewayFilter(states: [.failed]), ["a2", "c3"]),
                (GatewayFilter(states: [.pending]), []),
                (GatewayFilter(online: true), ["b2"]),
                (GatewayFilter(online: false), ["a2", "c3", "q2"]),
                (GatewayFilter(approved: false), ["q2"]),
                (GatewayFilter(search: "2"), ["a2", "b2", "q2"]),
                (GatewayFilter(search: "%_d"), ["b2"]),
                (GatewayFilter(search: "%"), ["b2"]),
                (GatewayFilter(search: "graz"), ["b2"]),
                (GatewayFilter(search: "' OR 1=1 --"), []),
                (
                    GatewayFilter(company: "2", versions: ["0.5"], states: [.failed], online: false, search: "new"),
                    ["a2"]
                ),
            ]
            for (filter, expected) in cases {
                #expect(try await ids(gateways, filter, as: .boss) == expected, "\(filter)")
            }
            #expect(try await ids(gateways, GatewayFilter(states: [.failed]), as: .adminOf3) == ["c3"])
        }
    }

    @Test("the summary counts what the reader may see")
    func summary() async throws {
        try await withFleet { gateways, store in
            let release = try await store.addRelease("1.2")
            _ = try await store.addDeployment(of: release, to: ["a2": .pending, "c3": .confirmed], target: .all)
            try await store.write { transaction in
                try transaction.gateways.recordStatus(
                    "c3", version: "1.2", lastUpgrade: nil, claimed: "3", at: transaction.time)
                try transaction.gateways.recordPresence("c3", online: true, at: transaction.time)
            }
            let all = try await gateways.summary(as: .boss)
            #expect(all.total == 4)
            #expect(all.online == 1)
            #expect(all.versions == ["1.2": 1, nil: 3])
            #expect(all.states == [.pending: 1, .confirmed: 1, nil: 2])
            let own = try await gateways.summary(as: .userOf2)
            #expect(own.versions == [nil: 2])
            #expect(own.states == [.pending: 1, nil: 1])
            #expect(try await gateways.summary(company: "3", as: .boss).total == 1)
            #expect(try await gateways.summary(company: "3", as: .adminOf2).total == 0)

            let releases = ReleaseService(store: store)
            #expect(try await releases.list(page: .first, as: .boss).items.map(\.gateways) == [1])
            #expect(try await releases.find("1.2", as: .adminOf2).gateways == 0, "own gateways alone are counted")
            #expect(await domainError { try await releases.find("9", as: .userOf2) }?.isNotFound == true)
        }
    }

    @Test("pages cover the list once, in order, whatever comes and goes between them")
    func paging() async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add((100..<350).map { try GatewayID("gw\($0)") }, company: "2")
            let gateways = GatewayService(store: store)
            var seen: [GatewayID] = []
            var cursor: Cursor?
            repeat {
                let page = try await gateways.list(page: PageRequest(limit: 100, cursor: cursor), as: .adminOf2)
                seen += page.items.map(\.id)
                // A client hands back the text.
                cursor = try page.nextCursor.map { try Cursor($0.description) }
                if cursor != nil { try await store.add([GatewayID("aa\(seen.count)")], company: "2") }
            } while cursor != nil
            #expect(seen.count == 250)
            #expect(seen == seen.sorted())
        }
    }

    @Test("a limit out of range and a cursor of one's own making are refused", arguments: ["", "x", "0", "zz", "ff"])
    func pageRequests(cursor: String) {
        #expect(throws: DomainError.self) { try PageRequest(limit: 0) }
        #expect(throws: DomainError.self) { try PageRequest(limit: 1001) }
        #expect(throws: DomainError.self) { try Cursor(cursor) }
    }
}
