import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Engine: how far transfers are")
struct TransferProgressTests {
    @Test("what is under way is told to those who may see the gateway, and the link is asked twice a second at most")
    func underWay() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.connect("gw2", reporting: "0.5")
            try await fixture.connect("gw3", company: "3", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw2", "gw3"]))
            let gateways = GatewayService(store: fixture.store, engine: fixture.engine)
            var transfers: [GatewayID: TransferID] = [:]
            for sent in fixture.takeUpgrades() { transfers[sent.recipient.gateway] = sent.recipient.transfer }
            let two = try #require(transfers["gw2"])
            let three = try #require(transfers["gw3"])
            func told(_ principal: Principal = .boss) async throws -> [String] {
                try await gateways.transfersUnderWay(as: principal).map { transfer in
                    #expect(transfer.deployment == order)
                    return "\(transfer.gateway) \(transfer.bytesSent)/\(transfer.bytesTotal)"
                }
            }
            #expect(try await told().isEmpty, "the link knows nothing of it yet")

            // The release has three bytes; what is to go counts the head of the packet, too.
            fixture.link.setBytesToGo(40, of: two)
            fixture.link.setBytesToGo(1, of: three)
            #expect(try await told().isEmpty && fixture.link.questions == 1)
            try await fixture.advance(by: .milliseconds(500))
            #expect(try await told() == ["gw2 0/3", "gw3 2/3"])
            #expect(try await told(.userOf2) == ["gw2 0/3"])
            #expect(try await told(.adminOf3) == ["gw3 2/3"])
            #expect(fixture.link.questions == 2)

            try await fixture.tell([.transferWritten(three), .transferEnded(three, .delivered)])
            try await fixture.advance(by: .milliseconds(500))
            #expect(try await told() == ["gw2 0/3"])
            try await fixture.tell([.transferEnded(two, .cutOff)])
            try await fixture.advance(by: .milliseconds(500))
            #expect(try await told().isEmpty && fixture.link.questions == 3, "nothing is under way, nobody is asked")
        }
    }
}
