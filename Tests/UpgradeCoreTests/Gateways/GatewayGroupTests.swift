import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Gateways: by company, and in numbers")
struct GatewayGroupTests {
    /// Company 2 has four gateways and one in quarantine that claims it, company 3 has one, company 1 none.
    private func withFleet(_ body: (GatewayService, EngineFixture) async throws -> Void) async throws {
        try await withEngine { fixture in
            for (gateway, company, version, staysOnline) in [
                ("a2", "2", "0.5", true), ("b2", "2", "1.0", false), ("c2", "2", "1.2", true),
                ("d2", "2", "0.5", false),
                ("a3", "3", "0.5", true),
            ] as [(GatewayID, CompanyID, Version, Bool)] {
                let connection = try await fixture.connect(gateway, company: company, reporting: version)
                if !staysOnline { try await fixture.disconnect(gateway, connection) }
            }
            try await fixture.store.add(["q2"], company: "2", quarantined: true)
            let release = try await fixture.store.addRelease("1.2")
            _ = try await fixture.store.addDeployment(
                of: release, to: ["a2": .pending, "b2": .timedOut, "c2": .confirmed, "d2": .failed, "a3": .failed],
                target: .all)
            try await body(GatewayService(store: fixture.store, engine: fixture.engine), fixture)
        }
    }

    private static let everything = GroupSize(groups: 50, gateways: 100, gatewaysPerGroup: 20)

    @Test("Companies stand with their counts and their gateways by id; those without any, and the quarantine, do not")
    func groups() async throws {
        try await withFleet { gateways, _ in
            let (groups, next) = try await gateways.groups(Self.everything.request(), as: .boss)
            #expect(next == nil)
            #expect(
                groups.map(\.company.id) == ["2", "3"] && groups.map(\.company.name) == ["Company 2", "Company 3"])
            #expect(
                groups.map(\.tally) == [
                    GatewayTally(total: 4, online: 2, pending: 1), GatewayTally(total: 1, online: 1, pending: 0),
                ])
            #expect(groups.map { $0.gateways.map(\.gateway.id) } == [["a2", "b2", "c2", "d2"], ["a3"]])
            #expect(groups[0].gateways[2].explanation == nil && groups[0].gateways[3].explanation != nil)
            #expect(
                try await gateways.tally(GatewayFilter(), as: .boss) == GatewayTally(total: 6, online: 3, pending: 1))
            #expect(try await gateways.tally(GatewayFilter(approved: true), as: .boss).total == 5)
            #expect(try await gateways.tally(GatewayFilter(approved: false), as: .boss) == GatewayTally(total: 1))
        }
    }

    @Test("The filter is the same for the groups, the numbers and the list, by several states and versions too")
    func filters() async throws {
        try await withFleet { gateways, _ in
            for (filter, expected) in [
                (GatewayFilter(states: [.failed]), ["a3", "d2"]),
                (GatewayFilter(states: [.failed, .timedOut]), ["a3", "b2", "d2"]),
                (GatewayFilter(states: Set(UpgradeState.allCases)), ["a2", "a3", "b2", "c2", "d2"]),
                (GatewayFilter(states: [.cancelled]), []),
                (GatewayFilter(deployment: DeploymentID(rawValue: 1)), ["a2", "a3", "b2", "c2", "d2"]),
                (GatewayFilter(states: [.failed], deployment: DeploymentID(rawValue: 1)), ["a3", "d2"]),
                (GatewayFilter(deployment: DeploymentID(rawValue: 2)), []),
                (GatewayFilter(versions: ["0.5"]), ["a2", "a3", "d2"]),
                (GatewayFilter(versions: ["0.5", "1.0"]), ["a2", "a3", "b2", "d2"]),
                (GatewayFilter(versions: ["0.5", "1.0"], states: [.failed, .timedOut]), ["a3", "b2", "d2"]),
                (GatewayFilter(versions: ["0.5", "9.9"], states: [.failed, .pending], online: true), ["a2", "a3"]),
                (GatewayFilter(company: "2", versions: ["0.5", "1.0"], online: false), ["b2", "d2"]),
                (GatewayFilter(company: "2", states: [.pending, .confirmed], search: "C"), ["c2"]),
                (GatewayFilter(company: "3", states: [.pending, .confirmed]), []),
                (GatewayFilter(company: "4"), []), (GatewayFilter(online: true), ["a2", "a3", "c2"]),
                (GatewayFilter(search: "GATEWAY A"), ["a2", "a3"]), (GatewayFilter(states: []), []),
            ] as [(GatewayFilter, [GatewayID])] {
                let (groups, _) = try await gateways.groups(filter, Self.everything.request(), as: .boss)
                #expect(groups.flatMap { $0.gateways.map(\.gateway.id) }.sorted() == expected, "\(filter)")
                for group in groups {
                    let shown = group.gateways.map(\.gateway)
                    #expect(!shown.isEmpty && shown.allSatisfy { $0.companyID == group.company.id }, "\(filter)")
                    #expect(group.tally == GatewayTally(counting: shown), "\(filter)")
                }
                var approved = filter
                approved.approved = true
                let list = try await gateways.list(approved, page: .first, as: .boss).items
                #expect(list.map(\.id) == expected, "\(filter)")
                #expect(try await gateways.tally(approved, as: .boss) == GatewayTally(counting: list), "\(filter)")
            }
        }
    }

    @Test("Many companies come page by page, each once, with as many rows as fit, and all of them counted")
    func paging() async throws {
        try await withStore { store in
            let ids = try (10..<35).map { try CompanyID("c\($0)") }
            try await store.addCompanies()
            for id in ids {
                _ = try await CompanyService(store: store).create(id, name: "Company \(id)", as: .boss)
                try await store.add(try (1...3).map { try GatewayID("\(id.rawValue)-gw\($0)") }, company: id)
            }
            let gateways = GatewayService(store: store)
            var pages: [[GatewayGroup]] = []
            var cursor: Cursor?
            repeat {
                let size = GroupSize(groups: 10, gateways: 5, gatewaysPerGroup: 2)
                let page = try await gateways.groups(size.request(after: cursor), as: .boss)
                pages.append(page.groups)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(pages.map(\.count) == [10, 10, 5])
            #expect(pages.joined().map(\.company.id) == ids)
            #expect(pages.joined().allSatisfy { $0.tally == GatewayTally(total: 3) })
            for page in pages {
                #expect(page.map(\.gateways.count) == [2, 2, 1] + Array(repeating: 0, count: page.count - 3))
            }
            #expect(pages[1][0].gateways.map(\.gateway.id) == ["c20-gw1", "c20-gw2"])

            // A page that holds the rest exactly is the last.
            let all = try await gateways.groups(
                GroupSize(groups: 25, gateways: 1, gatewaysPerGroup: 1).request(), as: .boss)
            #expect(all.groups.count == 25 && all.nextCursor == nil)
            let filter = GatewayFilter(search: "c3")
            let size = GroupSize(groups: 2, gateways: 100, gatewaysPerGroup: 100)
            let found = try await gateways.groups(filter, size.request(), as: .boss)
            #expect(found.groups.map(\.company.id) == ["c30", "c31"], "companies without a match take no room")
            let rest = try await gateways.groups(filter, size.request(after: found.nextCursor), as: .boss)
            #expect(rest.groups.map(\.company.id) == ["c32", "c33"] && rest.nextCursor != nil)
            #expect(rest.groups.map(\.gateways.count) == [3, 3])
        }
    }

    @Test("The list goes on after a company whose gateways went meanwhile; a cursor of another list is refused")
    func cursors() async throws {
        try await withFleet { gateways, fixture in
            let size = GroupSize(groups: 1, gateways: 100, gatewaysPerGroup: 1)
            let first = try await gateways.groups(size.request(), as: .boss)
            #expect(first.groups.map(\.company.id) == ["2"] && first.nextCursor != nil)
            for id in ["a2", "b2", "c2", "d2"] as [GatewayID] { try await gateways.remove(id, as: .boss) }
            let second = try await gateways.groups(size.request(after: first.nextCursor), as: .boss)
            #expect(second.groups.map(\.company.id) == ["3"] && second.nextCursor == nil)
            let error = await domainError {
                try await gateways.groups(size.request(after: Cursor(key: "")), as: .boss)
            }
            #expect(error?.field == "cursor")
            for size in [
                GroupSize(groups: 0, gateways: 1, gatewaysPerGroup: 1),
                GroupSize(groups: 1, gateways: 1001, gatewaysPerGroup: 1),
                GroupSize(groups: 1, gateways: 1, gatewaysPerGroup: -1),
            ] {
                #expect(await domainError { try size.request() }?.field == "limit")
            }
        }
    }

    @Test("Everyone sees the own company alone, whatever the filter or the cursor says")
    func visibility() async throws {
        try await withFleet { gateways, _ in
            for (principal, company, total, inQuarantine) in [
                (.adminOf2, "2", 4, 1), (.userOf2, "2", 4, 0), (.adminOf3, "3", 1, 0),
            ] as [(Principal, CompanyID, Int, Int)] {
                let (groups, next) = try await gateways.groups(Self.everything.request(), as: principal)
                #expect(groups.map(\.company.id) == [company] && groups.map(\.tally.total) == [total])
                #expect(groups[0].gateways.allSatisfy { $0.gateway.companyID == company } && next == nil)
                let tally = try await gateways.tally(GatewayFilter(), as: principal)
                #expect(tally.total == total + inQuarantine, "\(principal)")
                let other: CompanyID = company == "2" ? "3" : "2"
                for filter in [GatewayFilter(company: other), GatewayFilter(company: other, states: [.failed])] {
                    #expect(try await gateways.groups(filter, Self.everything.request(), as: principal).groups.isEmpty)
                    #expect(try await gateways.tally(filter, as: principal) == GatewayTally())
                }
                let after = try await gateways.groups(
                    Self.everything.request(after: Cursor(key: company.rawValue)), as: principal)
                #expect(after.groups.isEmpty && after.nextCursor == nil)
                let before = try await gateways.groups(
                    Self.everything.request(after: Cursor(key: "1")), as: principal)
                #expect(before.groups.map(\.company.id) == [company])
                let failed = try await gateways.tally(GatewayFilter(states: [.failed, .timedOut]), as: principal)
                #expect(failed.total == (company == "2" ? 2 : 1))
            }
        }
    }
}

/// How much of the fleet is asked for.
private struct GroupSize {
    var groups: Int
    var gateways: Int
    var gatewaysPerGroup: Int

    func request(after cursor: Cursor? = nil) throws(DomainError) -> GroupRequest {
        try GroupRequest(groups: groups, gateways: gateways, gatewaysPerGroup: gatewaysPerGroup, cursor: cursor)
    }
}

extension GatewayService {
    /// All of the fleet that the request is for.
    fileprivate func groups(
        _ request: GroupRequest, as principal: Principal
    ) async throws -> (groups: [GatewayGroup], nextCursor: Cursor?) {
        try await groups(GatewayFilter(), request, as: principal)
    }
}

extension GatewayTally {
    /// The tally as it ought to be.
    fileprivate init(counting gateways: [Gateway]) {
        self.init(
            total: gateways.count, online: gateways.count(where: \.online),
            pending: gateways.count { $0.lastUpgradeOrder?.state == .pending })
    }
}
