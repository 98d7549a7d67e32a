import Foundation
import ProgramSupport
import Testing

/// Fleets of the predecessor move over, as Documentation/operations.md tells it.
@Suite("Taking over a field fleet", .timeLimit(.minutes(5)))
struct TakeOverTests {
    @Test(
        "A fleet of the predecessor moves over: its ports, its authority, its secret, quarantine, approval, enrolment")
    func fieldFleet() async throws {
        try await TemporaryFolder.with { folder in
            let authority = try await Program.makeAuthority(in: folder, named: "field")
            let files = try await Program.makeServer(in: folder, signedBy: "field", key: ["rsa:2048"])
            let daemon = try await Daemon.start(
                on: folder + "/data", files + ["--new-gateways", "quarantine"], mode: .tls)
            let gateway = try await FieldGateway.connect(
                "gw2", company: "7", to: daemon.mqttPort, trusting: authority)
            try await gateway.begin(version: "0.5")
            try await daemon.expect("gw2", "claimedCompanyId", is: "7")
            try await daemon.expect("gw2", "approved", is: "0")
            try await daemon.drop("1.2", Data("1.2".utf8))
            #expect(try await gateway.next("LATEST_VERSION").text == #"{"version":1.2}"#)
            // It asks, as gateways do when they hear of a version, and gets nothing.
            try await gateway.publish("TOCLOUD/REQUEST_UPGRADE/gw2", Data(#"{"version":1.2}"#.utf8))
            #expect(try await !gateway.receives("DOWNLOAD_UPGRADE/gw2", within: 2))

            #expect(try await daemon.umctl("gateway", "approve", "--company", "7").status == 0)
            try await daemon.expect("gw2", "companyId", is: "7")
            #expect(try await daemon.umctl("push", "--version", "1.2", "--company", "7").status == 0)
            #expect(try await gateway.next("UPGRADE/gw2").text == "1.2")
            try await gateway.reportStatus("1.2")
            try await daemon.expect("gw2", "state", is: "confirmed")

            let secret = try await daemon.json("gateway", "enroll", "--company", "7")
            #expect(secret["username"].text == "gw2")
            await #expect(throws: FieldGateway.Failure.connectionEnded) { try await gateway.next("anything") }
            _ = try await FieldGateway.connect(
                "gw2", company: "7", to: daemon.mqttPort, trusting: authority, password: secret["password"].text,
                user: "gw2")
            #expect(try await daemon.stop() == 0)
        }
    }

    @Test("A plain fleet: what was imported comes in at once, what is unknown waits, a stranger is disabled")
    func plainFleet() async throws {
        try await TemporaryFolder.with { folder in
            let data = folder + "/data"
            func offline(_ arguments: [String]) async throws -> Program.Outcome {
                try await Program.run("umctl", arguments + ["--data", data], input: "a password of our own\n")
            }
            try Data(#"{"_id":{"$oid":"57600000"},"id":"2","name":"Trams","registered":true}"#.utf8).write(
                to: URL(filePath: folder + "/companies.json"))
            try Data(#"{"_id":{"$oid":"57600001"},"id":"gw1","companyId":"2","name":"Depot"}"#.utf8).write(
                to: URL(filePath: folder + "/gateways.json"))
            #expect(try await offline(["init", "--password-stdin"]).status == 0)
            #expect(
                try await offline(["import", folder + "/companies.json", folder + "/gateways.json"]).status == 0)

            let daemon = try await Daemon.start(on: data, ["--new-gateways", "quarantine"])
            let known = try await FieldGateway.known("gw1", to: daemon)
            let unknown = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort, legacy: true)
            try await unknown.begin(version: "0.5")
            let stranger = try await FieldGateway.known("gw66", to: daemon)
            try await daemon.expect("gw2", "claimedCompanyId", is: "2")
            #expect(try await daemon.gateway("gw1")["companyId"].text == "2")
            #expect(try await daemon.gateway("gw1")["name"].text == "Depot")

            try await daemon.drop("1.2", Data("1.2".utf8))
            #expect(try await known.next("TOGATEWAY/LATEST_VERSION").text == #"{"version":1.2}"#)
            #expect(try await daemon.umctl("gateway", "disable", "gw66").status == 0)
            await #expect(throws: FieldGateway.Failure.connectionEnded) { try await stranger.next("anything") }
            #expect(try await daemon.umctl("gateway", "approve", "--company", "2").output == "gw2 is approved\n")
            try await daemon.expect("gw66", "approved", is: "0")

            #expect(try await daemon.umctl("push", "--version", "1.2", "--company", "2").status == 0)
            for gateway in [known, unknown] {
                #expect(try await gateway.next("/UPGRADE/\(gateway.id)").text == "1.2")
                try await gateway.reportStatus("1.2")
                try await daemon.expect(gateway.id, "state", is: "confirmed")
            }
            #expect(try await daemon.stop() == 0)
        }
    }
}
