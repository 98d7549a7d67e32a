import Foundation
import Synchronization
import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// Flow 2, and what gateways say that is no good.
@Suite("Engine: STATUS") struct StatusTests {
    @Test("The first STATUS of an unknown gateway makes its company and the gateway, then records it")
    func firstStatus() async throws {
        try await withEngine { fixture in
            try await fixture.connect("gw7", company: "77", reporting: "0.5")
            let gateway = try #require(try await fixture.gateway("gw7"))
            #expect(gateway.companyID == "77" && gateway.name == "New Gateway gw7")
            #expect(gateway.version == "0.5" && gateway.online && gateway.enabled)
            let company = try await fixture.store.read { try $0.companies.find("77", in: .everything) }
            #expect(company == Company(id: "77", name: "New Company 77", registered: false))
            #expect(try await fixture.events(.companyCreated, of: "gw7").count == 1)
            #expect(try await fixture.events(.gatewayCreated, of: "gw7").count == 1)
            #expect(try await fixture.events(.versionReported, of: "gw7").map(\.detail) == ["0.5"])
        }
    }

    @Test("Two first STATUS at once make one gateway and one company")
    func twoAtOnce() async throws {
        try await withEngine { fixture in
            await withTaskGroup { group in
                for number in 1...20 {
                    group.addTask {
                        let connection = ConnectionID(rawValue: UInt64(number))
                        fixture.engine.receive([.message(fixture.status("gw7", connection, "77", "0.5"))])
                    }
                }
            }
            try await fixture.settle()
            #expect(try await fixture.events(.gatewayCreated, of: "gw7").count == 1)
            #expect(try await fixture.events(.companyCreated, of: "gw7").count == 1)
        }
    }

    @Test("A later STATUS updates the gateway, without an event when nothing is new")
    func laterStatus() async throws {
        try await withEngine { fixture in
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            try await fixture.report("0.5", from: "gw1", connection)
            try await fixture.report("1.0", from: "gw1", connection)
            #expect(try await fixture.gateway("gw1")?.version == "1.0")
            #expect(try await fixture.events(.versionReported, of: "gw1").map(\.detail) == ["0.5 → 1", "0.5"])
        }
    }

    @Test("A STATUS that says nothing new says that the gateway is there")
    func sameStatus() async throws {
        try await withEngine { fixture in
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            let first = try #require(try await fixture.gateway("gw1")?.lastSeen)
            try await fixture.advance(by: .seconds(60))
            try await fixture.report("0.5", from: "gw1", connection)
            let second = try #require(try await fixture.gateway("gw1")?.lastSeen)
            #expect(second.milliseconds - first.milliseconds >= 60_000)
        }
    }

    @Test("Whatever a gateway says in one turn is taken one after the other")
    func oneTurn() async throws {
        try await withEngine { fixture in
            let connection = ConnectionID(rawValue: 7)
            func status(_ version: Version) -> LinkEvent {
                .message(fixture.status("gw1", connection, "2", version))
            }
            var broken = fixture.status("gw1", connection, "2", "3.0")
            broken.payload[20] ^= 1
            try await fixture.tell([
                .connected("gw1", connection, address: "127.0.0.1"), status("0.5"), .message(broken), status("1.0"),
                status("1.0"), status("2.0"), .disconnected("gw1", connection, reason: "connection lost"),
                .connected("gw1", connection, address: "127.0.0.1"), .message(broken),
            ])
            let gateway = try #require(try await fixture.gateway("gw1"))
            #expect(gateway.version == "2.0" && gateway.online && gateway.badFrames == 2)
            #expect(
                try await fixture.events(.versionReported, of: "gw1").map(\.detail) == ["1 → 2", "0.5 → 1", "0.5"])
            #expect(try await fixture.events(.gatewayCreated, of: "gw1").count == 1)
        }
    }

    @Test("A STATUS that names another company does not move the gateway; it is one counted event")
    func foreignCompany() async throws {
        try await withEngine { fixture in
            let connection = try await fixture.connect("gw1", company: "2", reporting: "0.5")
            for _ in 1...3 { try await fixture.report("0.5", from: "gw1", connection, company: "3") }
            let gateway = try await fixture.gateway("gw1")
            #expect(gateway?.companyID == "2" && gateway?.claimedCompanyID == "3")
            #expect(try await fixture.events(.foreignCompanyClaimed, of: "gw1").map(\.count) == [3])
        }
    }

    @Test("Presence follows the connection")
    func presence() async throws {
        try await withEngine { fixture in
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            try await fixture.disconnect("gw1", connection)
            #expect(try await fixture.gateway("gw1")?.online == false)
            fixture.time.advanceSilently(by: .seconds(5))
            let again = try await fixture.connect("gw1")
            #expect(try await fixture.gateway("gw1")?.online == true)
            #expect(try await fixture.gateway("gw1")?.lastSeen == fixture.time.now())
            // The end of a connection that was taken over says nothing of the one that took over.
            try await fixture.disconnect("gw1", connection)
            #expect(try await fixture.gateway("gw1")?.online == true)
            try await fixture.disconnect("gw1", again)
            #expect(try await fixture.gateway("gw1")?.online == false)
        }
    }

    @Test("A frame with a wrong CRC is acknowledged, counted, and changes nothing")
    func badFrame() async throws {
        try await withEngine { fixture in
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            let acknowledged = Mutex(0)
            var message = fixture.status("gw1", connection, "2", "1.2") { acknowledged.withLock { $0 += 1 } }
            message.payload[11] ^= 1
            try await fixture.tell([.message(message), .message(message)])
            let gateway = try await fixture.gateway("gw1")
            #expect(gateway?.version == "0.5" && gateway?.badFrames == 2)
            #expect(acknowledged.withLock { $0 } == 2)
            let events = try await fixture.events(.frameRefused, of: "gw1")
            #expect(events.count == 1 && events.first?.count == 2)
            #expect(events.first?.detail.contains("CRC") == true)
        }
    }

    @Test("A message that is no STATUS is refused likewise; of an unknown gateway nothing is kept")
    func badMessage() async throws {
        try await withEngine { fixture in
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            let body = Array(#"{"companyId":"2","version":"1.0.1"}"#.utf8)
            try await fixture.tell([
                .message(fixture.message(.status, body, from: "gw1", connection)),
                .message(fixture.message(.status, body, from: "nobody", connection)),
            ])
            #expect(try await fixture.gateway("gw1")?.badFrames == 1)
            #expect(try await fixture.events(.messageRefused, of: "gw1").count == 1)
            #expect(try await fixture.gateway("nobody") == nil)
            #expect(try await fixture.events(.messageRefused, of: "nobody").isEmpty)
        }
    }

    @Test("A STATUS is acknowledged when its transaction is durable, not before")
    func acknowledgement() async throws {
        try await withEngine { fixture in
            let (acknowledgements, continuation) = AsyncStream<Void>.makeStream()
            let isDurable = Mutex(false)
            let message = fixture.status("gw1", ConnectionID(rawValue: 1), "2", "0.5") {
                #expect(isDurable.withLock { $0 })
                continuation.yield()
            }
            // While another transaction runs, the STATUS cannot be durable.
            try await fixture.store.write { _ in
                fixture.engine.receive([.message(message)])
                Thread.sleep(forTimeInterval: 0.05)
                isDurable.withLock { $0 = true }
            }
            for await _ in acknowledgements { break }
            #expect(try await fixture.gateway("gw1")?.version == "0.5")
        }
    }

    @Test("In quarantine the first STATUS leaves a claim and no company; versions are told, none is sent")
    func quarantine() async throws {
        try await withEngine(EngineConfiguration(newGateways: .quarantine)) { fixture in
            try await fixture.addRelease("1.2")
            _ = fixture.link.takeMessages()
            let connection = try await fixture.connect("gw7", company: "77", reporting: "0.5")
            let gateway = try #require(try await fixture.gateway("gw7"))
            #expect(gateway.companyID == nil && gateway.claimedCompanyID == "77" && !gateway.approved)
            #expect(try await fixture.store.read { try $0.companies.find("77", in: .everything) } == nil)
            let request = UpgradeRequestMessage(version: "1.2").encoded()
            try await fixture.tell([
                .message(fixture.message(.requestLatestVersion, [], from: "gw7", connection)),
                .message(fixture.message(.requestUpgrade, request, from: "gw7", connection)),
            ])
            #expect(fixture.link.takeMessages().map(\.topic) == ["TOGATEWAY/LATEST_VERSION/gw7"])
            #expect(fixture.takeDownloads().isEmpty)
            let error = await domainError { try await fixture.order("1.2", .gateways(["gw7"])) }
            #expect(error?.isConflict == true)
        }
    }
}
