import Foundation
import ProgramSupport
import Testing

/// The flows of the wire protocol, with a gateway of the field at one end and the command line at the other.
@Suite(.serialized) struct FieldGatewayFlowTests {
    @Test(arguments: [false, true])
    func aGatewayThatPublishesBeforeItSubscribesGetsItsAnswers(legacy: Bool) async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.0", Data("1.0".utf8))
            try await daemon.drop("1.2", Data("1.2".utf8))
            let gateway = try await FieldGateway.connect("gw7", company: "7", to: daemon.mqttPort, legacy: legacy)
            try await gateway.begin(version: "0.5")
            let latest = try await gateway.next("LATEST_VERSION/gw7")
            #expect(latest.topic == "TOGATEWAY/LATEST_VERSION/gw7")
            #expect(latest.text == #"{"version":1.2}"#)
            #expect(try await gateway.next("AVAILABLE_VERSIONS/gw7").text == #"{"versions":[1.2,1]}"#)

            let seen = try await daemon.gateway("gw7")
            #expect(seen["companyId"].text == "7")
            #expect(seen["name"].text == "New Gateway gw7")
            #expect(seen["version"].text == "0.5")
            #expect(seen["lastUpgrade"].text == "2016-06-15T14:13:20.123Z")
            #expect(seen["online"].text == "1")
            let company = try await daemon.json("company", "list")["items"].items.first { $0["id"].text == "7" }
            #expect(company?["name"].text == "New Company 7")
            #expect(company?["registered"].text == "0")
        }
    }

    @Test func withoutReleasesOnlyTheEmptyListIsSent() async throws {
        try await Daemon.with { daemon in
            let gateway = try await FieldGateway.connect("gw7", company: "7", to: daemon.mqttPort)
            try await gateway.begin(version: "0.5")
            #expect(try await gateway.next("AVAILABLE_VERSIONS/gw7").text == #"{"versions":[]}"#)
            #expect(try await !gateway.receives("LATEST_VERSION/gw7", within: 1))
        }
    }

    @Test(arguments: [0, 1, 256, 64 << 20])
    func anExecutableArrivesBitForBit(size: Int) async throws {
        try await Daemon.with { daemon in
            let bytes = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
            try await daemon.drop("1.2", bytes)
            let gateway = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await gateway.begin(version: "0.5")
            try await daemon.expect("gw2", "version", is: "0.5")
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)

            let message = try await gateway.next("UPGRADE/gw2", within: 60)
            #expect(message.topic == "TOGATEWAY/UPGRADE/gw2")
            #expect(message.content == bytes)
            #expect(FieldFrame.bytes(bytes).dropFirst(4) == message.payload.dropFirst(4))
            try await daemon.expect("gw2", "state", is: "pending")
            try await gateway.reportStatus("1.2")
            try await daemon.expect("gw2", "state", is: "confirmed")
        }
    }

    @Test func aDownloadComesOnRequestAndAMissingVersionGetsNothing() async throws {
        try await Daemon.with { daemon in
            let bytes = Data((0...255).map { UInt8($0) })
            try await daemon.drop("1.2", bytes)
            let gateway = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await gateway.begin(version: "0.5")
            try await gateway.publish("TOCLOUD/REQUEST_UPGRADE/gw2", Data(#"{"version":"1.2"}"#.utf8))
            #expect(try await gateway.next("DOWNLOAD_UPGRADE/gw2").content == bytes)
            try await gateway.publish("TOCLOUD/REQUEST_UPGRADE/gw2", Data(#"{"version":9.9}"#.utf8))
            #expect(try await !gateway.receives("DOWNLOAD_UPGRADE/gw2", within: 1))
            let history = try await daemon.json("events", "--gateway", "gw2")
            #expect(history["items"].items.contains { $0["kind"].text == "unknownVersionRequested" })
        }
    }

    @Test func aNewReleaseAndItsRemovalAreToldToEveryone() async throws {
        try await Daemon.with { daemon in
            let gateway = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await gateway.begin(version: "0.5")
            try await daemon.drop("1.2", Data("1.2".utf8))
            #expect(try await gateway.next("TOGATEWAY/LATEST_VERSION").text == #"{"version":1.2}"#)
            #expect(try await gateway.next("TOGATEWAY/AVAILABLE_VERSIONS").text == #"{"versions":[1.2]}"#)
            #expect(try await daemon.umctl("release", "remove", "1.2").status == 0)
            #expect(try await gateway.next("TOGATEWAY/AVAILABLE_VERSIONS").text == #"{"versions":[]}"#)
        }
    }

    @Test func badFramesAreCountedAndChangeNothing() async throws {
        try await Daemon.with { daemon in
            let gateway = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await gateway.begin(version: "0.5")
            try await daemon.expect("gw2", "version", is: "0.5")
            let good = FieldFrame.bytes(Data(#"{"companyId":"2","version":9.9}"#.utf8))
            var wrongCRC = good
            wrongCRC[wrongCRC.startIndex + 8] ^= 1
            for bad in [wrongCRC, good + [0], good.dropLast(), good.prefix(11)] {
                try await gateway.publishBytes("TOCLOUD/STATUS/gw2", bad, qos: 1)
            }
            try await daemon.expect("gw2", "badFrames", is: "4")
            #expect(try await daemon.gateway("gw2")["version"].text == "0.5")
            for refused in [
                #"{"companyId":"2","version":"Infinity"}"#, #"{"companyId":"2"}"#, #"{"version":1}"#, "[]", "{",
                #"{"companyId":"2","version":1.0.1}"#, #"{"companyId":"2","version":1e3}"#,
            ] {
                try await gateway.publish("TOCLOUD/STATUS/gw2", Data(refused.utf8), qos: 1)
            }
            #expect(try await daemon.gateway("gw2")["version"].text == "0.5")
        }
    }

    @Test func aFieldGatewaysChecksumOfTextIsAccepted() async throws {
        try await Daemon.with { daemon in
            let gateway = try await FieldGateway.connect("gw2", company: "é", to: daemon.mqttPort)
            let frame: [UInt8] = [
                0x57, 0x61, 0x62, 0x80, 0x00, 0x00, 0x00, 0x22, 0x79, 0x0d, 0x15, 0x30,
            ]
            try await gateway.publishBytes(
                "TOCLOUD/STATUS/gw2", Data(frame) + Data(#"{"companyId":"é","version":"0.5"}"#.utf8), qos: 1)
            #expect(try await daemon.gateway("gw2")["companyId"].text == "é")
        }
    }

    @Test func aForeignCompanyDoesNotMoveAGateway() async throws {
        try await Daemon.with { daemon in
            let first = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await first.reportStatus("0.5", qos: 1)
            try await first.disconnect()
            let second = try await FieldGateway.connect("gw2", company: "3", to: daemon.mqttPort)
            try await second.reportStatus("0.6", qos: 1)
            let seen = try await daemon.gateway("gw2")
            #expect(seen["companyId"].text == "2")
            #expect(seen["version"].text == "0.6")
            #expect(
                try await daemon.json("events", "--gateway", "gw2")["items"].items.contains {
                    $0["kind"].text == "foreignCompanyClaimed"
                })
        }
    }
}
