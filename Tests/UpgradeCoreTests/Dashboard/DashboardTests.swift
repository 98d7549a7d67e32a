import GRDB
import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Dashboard")
struct DashboardTests {
    private static let hour: Int64 = 3_600_000
    private static let day = 24 * hour
    /// Half past eight in the morning, UTC.
    private static let now = Timestamp(milliseconds: 1_800_000_000_000 + hour / 2)

    private func ago(_ milliseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: Self.now.milliseconds - milliseconds)
    }

    private func withFleet(_ body: (DashboardService, Store) async throws -> Void) async throws {
        try await withStore(at: TestClock(Self.now.milliseconds)) { store in
            try await store.addCompanies()
            try await store.add(["a2", "b2"], company: "2")
            try await store.add(["c3"], company: "3")
            try await store.add(["q2"], company: "2", quarantined: true)
            try await body(DashboardService(store: store), store)
        }
    }

    private func settle(_ deployment: DeploymentID, _ gateway: GatewayID, at time: Timestamp, _ store: Store)
        async throws
    {
        try await store.write {
            try $0.database.execute(
                sql: "UPDATE upgrade SET settled_at = ? WHERE deployment_id = ? AND gateway_id = ?",
                arguments: [time.milliseconds, deployment.rawValue, gateway.rawValue])
        }
    }

    @Test("everybody gets the figures of what he may see, a super user also those of one company")
    func scope() async throws {
        try await withFleet { dashboard, store in
            let old = try await store.addRelease("1.2")
            _ = try await store.addRelease("1.3")
            _ = try await store.addDeployment(of: old, to: ["a2": .pending, "c3": .pending], target: .all)
            _ = try await store.addDeployment(of: old, to: ["b2": .failed], target: .company("2"))
            try await store.write { transaction in
                for (id, version) in [("a2", "1.3"), ("b2", "1.2"), ("c3", "1.3")] as [(GatewayID, Version)] {
                    try transaction.gateways.recordStatus(
                        id, version: version, lastUpgrade: nil, claimed: "2", at: transaction.time)
                }
            }
            let all = try await dashboard.figures(as: .boss, at: Self.now)
            #expect(all.fleet.total == 4 && all.fleet.quarantined == 1)
            #expect(all.newestRelease == "1.3" && all.upToDate == 2)
            #expect(all.running.total == 1 && all.running.items.map(\.counts.total) == [2])
            #expect(all.days.last?.counts[.failed] == 1 && all.hours.last?.counts[.failed] == 1)
            #expect(all.troubled.map(\.gateway.id) == ["b2"])

            for two in [
                try await dashboard.figures(as: .adminOf2, at: Self.now),
                try await dashboard.figures(company: "2", as: .boss, at: Self.now),
            ] {
                #expect(two.fleet.total == 3 && two.fleet.quarantined == 1 && two.upToDate == 1)
                #expect(two.running.items.map(\.counts.total) == [1])
                #expect(two.days.last?.counts[.failed] == 1 && two.troubled.map(\.gateway.id) == ["b2"])
            }
            let user = try await dashboard.figures(as: .userOf2, at: Self.now)
            #expect(user.fleet.total == 2 && user.fleet.quarantined == 0 && user.running.total == 1)
            let other = try await dashboard.figures(as: .adminOf3, at: Self.now)
            #expect(other.upToDate == 1 && other.troubled.isEmpty && other.days.allSatisfy { $0.counts.total == 0 })
            for (company, principal) in [("2", .adminOf3), ("9", .boss)] as [(CompanyID, Principal)] {
                let error = await domainError { try await dashboard.figures(company: company, as: principal) }
                #expect(error == .notFound(.company, company.rawValue))
            }
        }
    }

    @Test("what was settled is counted by the day and the hour of the clock", arguments: [Principal.boss, .adminOf2])
    func overTime(reader: Principal) async throws {
        try await withFleet { dashboard, store in
            let release = try await store.addRelease("1.2")
            // The running day is eight hours and a half old.
            let times: [(UpgradeState, Timestamp)] = [
                (.confirmed, ago(0)), (.confirmed, ago(Self.hour / 2)), (.failed, ago(Self.hour / 2 + 1)),
                (.timedOut, ago(9 * Self.hour)), (.confirmed, ago(23 * Self.hour)), (.confirmed, ago(24 * Self.hour)),
                (.failed, ago(13 * Self.day)), (.failed, ago(14 * Self.day)), (.confirmed, ago(40 * Self.day)),
            ]
            for (state, time) in times {
                let order = try await store.addDeployment(of: release, to: ["a2": state], target: .gateways(["a2"]))
                try await settle(order, "a2", at: time, store)
            }
            let figures = try await dashboard.figures(as: reader, at: Self.now)
            #expect(figures.days.count == 14 && figures.hours.count == 24)
            #expect(figures.days[13].start == ago(8 * Self.hour + Self.hour / 2))
            #expect(figures.days[13].counts[.confirmed] == 2 && figures.days[13].counts[.failed] == 1)
            #expect(figures.days[12].counts[.timedOut] == 1 && figures.days[12].counts[.confirmed] == 2)
            #expect(figures.days[0].counts[.failed] == 1)
            #expect(figures.days.reduce(0) { $0 + $1.counts.total } == 7)
            #expect(figures.hours[23].start == ago(Self.hour / 2))
            #expect(figures.hours[23].counts[.confirmed] == 2 && figures.hours[22].counts[.failed] == 1)
            #expect(figures.hours[14].counts[.timedOut] == 1 && figures.hours[0].counts[.confirmed] == 1)
            #expect(figures.hours.reduce(0) { $0 + $1.counts.total } == 5)
        }
    }

    @Test("gateways that need a look are picked from every sort of trouble, each once and with all that is the matter")
    func troubled() async throws {
        try await withFleet { dashboard, store in
            let long = ago(2 * Self.day)
            let many = try (10..<30).map { try GatewayID("f\($0)") }
            try await store.add(many, company: "3")
            let release = try await store.addRelease("1.2")
            _ = try await store.addDeployment(
                of: release, to: Dictionary(uniqueKeysWithValues: many.map { ($0, .timedOut) } + [("c3", .failed)]),
                target: .company("3"))
            try await store.write { transaction in
                try transaction.gateways.recordPresence("a2", online: false, at: long)
                try transaction.gateways.recordPresence("b2", online: false, at: long)
                try transaction.gateways.countBadFrame("a2", at: ago(1))
                try transaction.gateways.countBadFrame("c3", at: long)
                // Not in trouble: back again, known to be off, not let in yet, gone just now.
                try transaction.gateways.recordPresence("q2", online: false, at: long)
            }
            let all = try await dashboard.figures(as: .boss, at: Self.now).troubled
            #expect(all.count == 10 && Set(all.map(\.gateway.id)).isSuperset(of: ["a2", "b2"]))
            #expect(all.allSatisfy { !$0.concerns.isEmpty })
            let two = try await dashboard.figures(as: .adminOf2, at: Self.now).troubled
            #expect(two.map(\.gateway.id).sorted() == ["a2", "b2"])
            let concerns = two.first { $0.gateway.id == "a2" }?.concerns
            #expect(concerns == [.badFrames(total: 1, last: ago(1)), .offline(since: long)])
            #expect(
                concerns?.map { $0.sentence { _ in "then" } } == [
                    "1 bad frame, the last at then", "offline since then",
                ])
            #expect(two.first?.explanation?.sentence == "nobody ordered 1.2")

            _ = try await GatewayService(store: store).setEnabled(false, "b2", as: .boss)
            try await store.write { try $0.gateways.recordPresence("a2", online: true, at: $0.time) }
            let left = try await dashboard.figures(as: .adminOf2, at: Self.now).troubled
            #expect(left.map(\.concerns) == [[.badFrames(total: 1, last: ago(1))]])
            let failing = try await dashboard.figures(company: "3", as: .boss, at: Self.now).troubled
            #expect(failing.count == 10)
            #expect(failing.allSatisfy { $0.concerns.count == 1 && $0.explanation != nil })
        }
    }

    @Test("an empty installation has figures, too")
    func empty() async throws {
        try await withStore { store in
            let figures = try await DashboardService(store: store).figures(as: .boss)
            #expect(figures.fleet.total == 0 && figures.upToDate == 0 && figures.newestRelease == nil)
            #expect(figures.days.count == 14 && figures.hours.count == 24 && figures.troubled.isEmpty)
        }
    }

    // MARK: Plans

    private func plan(_ sql: String, _ arguments: StatementArguments, _ store: Store) async throws -> [String] {
        try await store.pool.read { database in
            try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: arguments)
                .map { $0["detail"] as String }
        }
    }

    @Test("what was settled is counted in indexes alone")
    func settledPlans() async throws {
        try await withStore { store in
            let values: StatementArguments = ["count": 24, "start": 0, "step": 3_600_000]
            let all = try await plan(FigureQueries.settledOfAll, values, store)
            #expect(
                all.contains {
                    $0.contains("USING COVERING INDEX upgrade_by_outcome (state=? AND settled_at>? AND settled_at<?)")
                }, "\(all)")
            #expect(!all.contains { $0.contains("TEMP B-TREE") }, "\(all)")
            let company = try await plan(
                FigureQueries.settledOfCompany, ["count": 24, "start": 0, "step": 3_600_000, "company": "2"], store)
            for index in ["gateway_by_company", "upgrade_by_gateway"] {
                #expect(company.contains { $0.contains("USING COVERING INDEX \(index)") }, "\(company)")
            }
        }
    }

    @Test(
        "gateways in trouble are found in an index of their own, in its order", arguments: FigureQueries.Sign.allCases)
    func troubledPlans(sign: FigureQueries.Sign) async throws {
        try await withStore { store in
            let index =
                switch sign {
                case .failing: "gateway_failing"
                case .badFrames: "gateway_bad_frames"
                case .absent: "gateway_absent"
                }
            for scope in [Scope.everything, .company("2", claims: true), .company("2", claims: false)] {
                let (sql, arguments) = FigureQueries.query(showing: sign, around: Self.now, in: scope, limit: 10)
                let plan = try await plan(sql, arguments, store)
                #expect(plan.contains { $0.contains(" INDEX \(index)") }, "\(plan)")
                #expect(
                    plan.filter { $0.contains("TEMP B-TREE") }.count <= 1, "only the page itself is sorted: \(plan)")
            }
        }
    }

    @Test(
        "running deployments are found from what is pending",
        arguments: [Scope.everything, .company("2", claims: true)])
    func runningPlan(scope: Scope) async throws {
        try await withStore { store in
            let conditions = try DeploymentQueries.conditions(running: true, in: scope)
            let sql =
                "SELECT \(DeploymentQueries.columns) FROM deployment \(conditions.clause) ORDER BY id DESC LIMIT 11"
            let plan = try await plan(sql, conditions.arguments, store)
            let index = scope == .everything ? "upgrade_running" : "upgrade_pending"
            #expect(plan.contains { $0.contains(" INDEX \(index)") }, "\(plan)")
            #expect(plan.contains { $0.hasPrefix("SEARCH deployment USING INTEGER PRIMARY KEY") }, "\(plan)")
        }
    }
}
