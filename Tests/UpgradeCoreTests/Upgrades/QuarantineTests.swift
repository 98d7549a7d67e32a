import Logging
import Synchronization
import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// Who knows the shared secret cannot fill the database with gateways of their own making, and those that wait get nothing but words.
@Suite("Engine: quarantine") struct QuarantineTests {
    private static func configuration(waiting: Int = 1000, burst: Int = 10) -> EngineConfiguration {
        EngineConfiguration(
            newGateways: .quarantine, quarantineLimits: QuarantineLimits(waiting: waiting, burst: burst))
    }

    /// First STATUS messages of these gateways, all at once.
    private func report(_ ids: [GatewayID], _ fixture: EngineFixture) async throws -> Int {
        let acknowledged = Atomic(0)
        try await fixture.tell(
            ids.map { id in
                .message(
                    fixture.status(id, ConnectionID(rawValue: 1), "77", "0.5") {
                        acknowledged.add(1, ordering: .relaxed)
                    })
            })
        return acknowledged.load(ordering: .relaxed)
    }

    private func ids(_ range: some Sequence<Int>) throws -> [GatewayID] { try range.map { try GatewayID("n\($0)") } }

    private func waiting(_ fixture: EngineFixture) async throws -> Int {
        try await fixture.store.read { try $0.gateways.count(GatewayFilter(approved: false), in: .everything) }
    }

    @Test("the defaults are a thousand that wait, ten at once and ten a second")
    func defaults() {
        let limits = QuarantineLimits()
        #expect(limits.waiting == 1000 && limits.burst == 10 && limits.interval == .milliseconds(100))
    }

    @Test("ten come in at once and ten a second; the others are acknowledged, counted, and change nothing")
    func pace() async throws {
        try await withEngine(Self.configuration()) { fixture in
            #expect(try await report(ids(1...50), fixture) == 50)
            #expect(try await waiting(fixture) == 10)
            #expect(fixture.engine.counters.turnedAway == 40)
            #expect(try await fixture.gateway("n11") == nil)
            #expect(try await fixture.events(.gatewayCreated, of: "n11").isEmpty)
            #expect(try await fixture.events(.versionReported, of: "n11").isEmpty)
            try await fixture.advance(by: .seconds(1))
            #expect(try await report(ids(11...50), fixture) == 40)
            #expect(try await waiting(fixture) == 20)
            try await fixture.advance(by: .milliseconds(99))
            _ = try await report(ids(21...50), fixture)
            #expect(try await waiting(fixture) == 20)
            try await fixture.advance(by: .milliseconds(1))
            _ = try await report(ids(21...50), fixture)
            #expect(try await waiting(fixture) == 21)
            // However long nobody came, no more than ten come at once.
            try await fixture.advance(by: .seconds(3600))
            _ = try await report(ids(22...50), fixture)
            #expect(try await waiting(fixture) == 31)
        }
    }

    @Test("those that are known are heard however many come in")
    func known() async throws {
        try await withEngine(Self.configuration(burst: 1)) { fixture in
            let connection = try await fixture.connect("gw1", company: "77", reporting: "0.5")
            _ = try await report(ids(1...5), fixture)
            try await fixture.report("1.0", from: "gw1", connection, company: "77")
            #expect(try await fixture.gateway("gw1")?.version == "1.0")
        }
    }

    @Test("no more wait than may; a place that somebody approves or removes is free again")
    func places() async throws {
        try await withEngine(Self.configuration(waiting: 3)) { fixture in
            // Those that are bound to a company take no place.
            try await fixture.store.add(["a", "b", "c", "d"], company: "2")
            #expect(try await report(ids(1...5), fixture) == 5)
            #expect(try await waiting(fixture) == 3)
            #expect(fixture.engine.counters.turnedAway == 2)
            try await fixture.advance(by: .seconds(10))
            _ = try await report(ids(4...5), fixture)
            #expect(try await waiting(fixture) == 3)

            let gateways = GatewayService(store: fixture.store)
            _ = try await gateways.approve("n1", as: .boss)
            try await gateways.remove("n2", as: .boss)
            try await fixture.advance(by: .seconds(10))
            _ = try await report(ids(4...8), fixture)
            #expect(try await waiting(fixture) == 3)
            #expect(try await fixture.gateway("n4") != nil)
            #expect(try await fixture.gateway("n6") == nil)
        }
    }

    @Test("where new gateways are open, nothing of this holds")
    func open() async throws {
        let configuration = EngineConfiguration(quarantineLimits: QuarantineLimits(waiting: 1, burst: 1))
        try await withEngine(configuration) { fixture in
            _ = try await report(ids(1...50), fixture)
            #expect(try await fixture.store.read { try $0.gateways.count(GatewayFilter(), in: .everything) } == 50)
            #expect(fixture.engine.counters.turnedAway == 0)
        }
    }

    @Test("the log hears of it once a minute, with the number of those that it did not hear of")
    func log() async throws {
        try await withEngine(Self.configuration(burst: 1)) { fixture in
            for _ in 1...5 { _ = try await report(ids(1...3), fixture) }
            #expect(fixture.log.lines.count == 1)
            #expect(fixture.log.lines.first?["count"] == "2")
            try await fixture.advance(by: .seconds(60))
            _ = try await report(ids(2...4), fixture)
            #expect(fixture.log.lines.count == 2)
            #expect(fixture.log.lines.last?["count"] == "10")
            #expect(fixture.log.lines.last?["gateway"] == "n4")
        }
    }

    @Test("one that was turned away gets in with a later STATUS on the same connection, and is online then")
    func later() async throws {
        try await withEngine(Self.configuration(burst: 1)) { fixture in
            try await fixture.connect("gw1", company: "77", reporting: "0.5")
            let connection = try await fixture.connect("gw2", company: "77", reporting: "0.5")
            #expect(try await fixture.gateway("gw2") == nil)
            try await fixture.advance(by: .seconds(1))
            try await fixture.report("0.5", from: "gw2", connection, company: "77")
            #expect(try await fixture.gateway("gw2")?.online == true)
        }
    }

    @Test(
        "until it is approved nothing is sent to it; approving binds it to the company that it claims, and makes that company"
    )
    func approval() async throws {
        try await withEngine(Self.configuration()) { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.connect("gw1", company: "77", reporting: "0.5")
            try await fixture.connect("gw2", company: "77", reporting: "0.5")
            try await fixture.order("1.2", .all)
            #expect(fixture.takeUpgrades().isEmpty)
            _ = try await GatewayService(store: fixture.store).approve("gw1", as: .boss)
            fixture.engine.gatewaysChanged(["gw1"])
            try await fixture.settle()
            let company = try await fixture.store.read { try $0.companies.find("77", in: .everything) }
            #expect(company == Company(id: "77", name: "New Company 77", registered: false))
            #expect(try await fixture.gateway("gw1")?.companyID == "77")
            #expect(fixture.takeUpgrades().isEmpty, "the order was given before it was approved")
            try await fixture.order("1.2", .all)
            #expect(fixture.takeUpgrades().map(\.recipient.gateway) == ["gw1"])
        }
    }

    @Test("a gateway that is disabled or removed loses its connection, in quarantine too")
    func disabling() async throws {
        try await withEngine(Self.configuration()) { fixture in
            let first = try await fixture.connect("gw1", company: "77", reporting: "0.5")
            try await fixture.setEnabled(false, "gw1")
            #expect(fixture.link.takeClosed() == [first])
            let second = try await fixture.connect("gw2", company: "77", reporting: "0.5")
            try await GatewayService(store: fixture.store).remove("gw2", as: .boss)
            fixture.engine.gatewaysChanged(["gw2"])
            try await fixture.settle()
            #expect(fixture.link.takeClosed() == [second])
        }
    }
}
