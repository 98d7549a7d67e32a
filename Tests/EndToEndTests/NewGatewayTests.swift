import Foundation
import ProgramSupport
import Testing

/// What becomes of gateways that nobody knows.
@Suite(.serialized) struct NewGatewayTests {
    @Test func inQuarantineAClaimIsRecordedVersionsAreToldAndNoPayloadIsSent() async throws {
        try await Daemon.with(["--new-gateways", "quarantine"]) { daemon in
            try await daemon.drop("1.1", Data("1.1".utf8))
            let gateway = try await FieldGateway.known("gw2", to: daemon)
            let seen = try await daemon.gateway("gw2")
            #expect(seen["companyId"].text == "null")
            #expect(seen["claimedCompanyId"].text == "2")
            #expect(seen["approved"].text == "0")
            #expect(try await daemon.json("company", "list")["total"].integer == 1)
            try await gateway.publish("TOCLOUD/REQUEST_UPGRADE/gw2", Data(#"{"version":1.1}"#.utf8), qos: 1)
            try await daemon.drop("1.2", Data("1.2".utf8))
            #expect(try await daemon.umctl("push", "--version", "1.2", "--all").status == 0)
            #expect(try await gateway.next("LATEST_VERSION/gw2").text == #"{"version":1.1}"#)
            #expect(try await gateway.next("AVAILABLE_VERSIONS/gw2").text == #"{"versions":[1.1]}"#)
            #expect(try await gateway.next("TOGATEWAY/LATEST_VERSION").text == #"{"version":1.2}"#)
            // `UPGRADE` ends the topics of UPGRADE and DOWNLOAD_UPGRADE to all, `UPGRADE/gw2` those to one.
            #expect(try await !gateway.receives("UPGRADE", within: 0.5))
            #expect(try await !gateway.receives("UPGRADE/gw2", within: 0.5))
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 1)

            #expect(try await daemon.umctl("gateway", "approve", "gw2").status == 0)
            #expect(try await daemon.gateway("gw2")["companyId"].text == "2")
            try await daemon.drop("1.3", Data("1.3".utf8))
            #expect(try await gateway.next("TOGATEWAY/LATEST_VERSION").text == #"{"version":1.3}"#)
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            #expect(try await gateway.next("UPGRADE/gw2").text == "1.2")
        }
    }

    @Test func manyFirstReportsAtOnceMakeOneOfEach() async throws {
        try await Daemon.with { daemon in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<16 {
                    // Each id comes twice: the later connection takes over from the earlier one.
                    group.addTask {
                        let gateway = try await FieldGateway.connect(
                            "gw\(index / 2)", company: "new", to: daemon.mqttPort)
                        do {
                            try await gateway.reportStatus("0.5", qos: 1)
                            try await gateway.reportStatus("0.5", qos: 1)
                        } catch FieldGateway.Failure.connectionEnded {}
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await poll { try await daemon.json("gateway", "list")["total"].integer == 8 })
            let companies = try await daemon.json("company", "list")["items"].items
            #expect(companies.filter { $0["id"].text == "new" }.count == 1)
            let kinds = try await daemon.json("events")["items"].items.map { $0["kind"].text }
            #expect(kinds.filter { $0 == "gatewayCreated" }.count == 8)
        }
    }
}
