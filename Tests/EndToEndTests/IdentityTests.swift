import Foundation
import ProgramSupport
import Testing

/// Who may come in as whom, from outside.
@Suite("Identities over MQTT", .timeLimit(.minutes(5)))
struct IdentityTests {
    @Test("Enrolling closes the id to the shared secret, at once and for good; revoking opens it again")
    func enrolment() async throws {
        try await Daemon.with(mode: .tls) { daemon in
            let shared = try await FieldGateway.known("gw2", to: daemon)
            let secret = try await daemon.json("gateway", "enroll", "gw2")
            #expect(secret["gateway"].text == "gw2")
            #expect(secret["username"].text == "gw2")
            await #expect(throws: FieldGateway.Failure.connectionEnded) { try await shared.next("anything") }
            await #expect(throws: FieldGateway.Failure.refused(5)) {
                try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort, trusting: daemon.authority)
            }
            func own(_ password: String) async throws -> FieldGateway {
                try await FieldGateway.connect(
                    "gw2", company: "2", to: daemon.mqttPort, trusting: daemon.authority, password: password,
                    user: "gw2")
            }
            let enrolled = try await own(secret["password"].text)
            try await enrolled.reportStatus("0.6", qos: 1)
            try await daemon.expect("gw2", "version", is: "0.6")
            // The secret of one opens no other id.
            await #expect(throws: FieldGateway.Failure.refused(4)) {
                try await FieldGateway.connect(
                    "gw3", company: "2", to: daemon.mqttPort, trusting: daemon.authority,
                    password: secret["password"].text, user: "gw2")
            }

            let again = try await daemon.json("gateway", "enroll", "gw2")
            await #expect(throws: FieldGateway.Failure.connectionEnded) { try await enrolled.next("anything") }
            await #expect(throws: FieldGateway.Failure.refused(4)) { try await own(secret["password"].text) }
            _ = try await own(again["password"].text)

            #expect(try await daemon.umctl("gateway", "revoke", "gw2").status == 0)
            await #expect(throws: FieldGateway.Failure.refused(4)) { try await own(again["password"].text) }
            _ = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort, trusting: daemon.authority)

            let database = try Data(contentsOf: URL(filePath: daemon.data + "/umd.sqlite3"))
            #expect(database.range(of: Data(again["password"].text.utf8)) == nil)
        }
    }

    @Test("What was enrolled stays so over a kill -9")
    func enrolmentSurvives() async throws {
        try await TemporaryFolder.with { folder in
            var daemon = try await Daemon.start(on: folder + "/data", mode: .tls)
            _ = try await FieldGateway.known("gw2", to: daemon)
            let secret = try await daemon.json("gateway", "enroll", "gw2")
            try await daemon.kill()
            daemon = try await daemon.restarted()
            await #expect(throws: FieldGateway.Failure.refused(5)) {
                try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort, trusting: daemon.authority)
            }
            _ = try await FieldGateway.connect(
                "gw2", company: "2", to: daemon.mqttPort, trusting: daemon.authority,
                password: secret["password"].text, user: "gw2")
            #expect(try await daemon.stop() == 0)
        }
    }

    @Test(
        "A certificate opens the id that it names and no other, without a password, and closes it to the shared secret")
    func clientCertificates() async throws {
        try await TemporaryFolder.with { folder in
            let authority = try await Program.makeAuthority(in: folder, named: "gateways")
            _ = try await Program.makeAuthority(in: folder, named: "stranger")
            let daemon = try await Daemon.start(on: folder + "/data", ["--tls-ca", authority], mode: .tls)

            func publish(
                _ id: String, _ files: (certificate: String, key: String)?, _ more: [String] = []
            ) async throws -> Int32 {
                let certificate = files.map { ["--cert", $0.certificate, "--key", $0.key] } ?? []
                try FieldFrame.bytes(Data(#"{"companyId":"2","version":"0.5"}"#.utf8)).write(
                    to: URL(filePath: folder + "/status"))
                return try await Program.run(
                    "/usr/bin/mosquitto_pub",
                    [
                        "--cafile", daemon.authority, "-h", "localhost", "-p", "\(daemon.mqttPort)", "-i", id, "-q",
                        "1",
                        "-t", "TOCLOUD/STATUS/\(id)", "-f", folder + "/status",
                    ] + certificate + more
                ).status
            }
            let named = try await Program.makeCertificate(in: folder, named: "gw2", signedBy: "gateways")
            #expect(try await publish("gw2", named) == 0)
            try await daemon.expect("gw2", "version", is: "0.5")
            let inSAN = try await Program.makeCertificate(
                in: folder, named: "device-17", signedBy: "gateways", extensions: "subjectAltName=DNS:gw7")
            #expect(try await publish("gw7", inSAN) == 0)

            let secret = ["-u", "user", "-P", "password"]
            #expect(try await publish("gw3", named) != 0)
            #expect(try await publish("gw3", named, secret) != 0)
            let foreign = try await Program.makeCertificate(in: folder, named: "gw2", signedBy: "stranger")
            #expect(try await publish("gw2", foreign) != 0)
            // Who shows no certificate logs in as ever, but not as one that has come with its own.
            #expect(try await publish("gw4", nil, secret) == 0)
            #expect(try await publish("gw2", nil, secret) != 0)

            #expect(try await daemon.stop() == 0)
        }
    }

    @Test("An account says and hears what its filters cover, is no gateway, and ends when it is removed")
    func accounts() async throws {
        try await Daemon.with(mode: .tls) { daemon in
            let gateway = try await FieldGateway.known("gw2", to: daemon)
            let account = try await daemon.json(
                "mqtt-account", "add", "monitor", "--publish", "monitor/#", "--subscribe", "TOCLOUD/STATUS/+",
                "--subscribe", "monitor/#")
            let login = [
                "--cafile", daemon.authority, "-h", "localhost", "-p", "\(daemon.mqttPort)", "-u", "monitor", "-P",
                account["password"].text,
            ]
            let subscriber = try Program(
                "/usr/bin/mosquitto_sub",
                login + ["-q", "1", "-F", "%t", "-C", "2", "-t", "TOCLOUD/STATUS/+", "-t", "monitor/#"])
            try await Task.sleep(for: .milliseconds(500))
            try await gateway.reportStatus("0.7", qos: 1)
            #expect(
                try await Program.run("/usr/bin/mosquitto_pub", login + ["-t", "monitor/a", "-m", "x"]).status == 0)
            let heard = try await subscriber.end()
            #expect(Set(heard.output.split(separator: "\n")) == ["TOCLOUD/STATUS/gw2", "monitor/a"])

            // It speaks for no gateway, and its client id is none's.
            let refused = try await Program.run(
                "/usr/bin/mosquitto_pub", login + ["-V", "5", "-q", "1", "-t", "TOCLOUD/STATUS/gw2", "-m", "x"])
            #expect(refused.errors.contains("Not authorized") || refused.status != 0)
            #expect(
                try await Program.run("/usr/bin/mosquitto_pub", login + ["-i", "gw2", "-t", "monitor/a", "-m", "x"])
                    .status != 0)
            let denied = try await Program.run("/usr/bin/mosquitto_sub", login + ["-W", "10", "-t", "#"])
            #expect(denied.errors.contains("denied"), "\(denied.errors)")
            #expect(try await daemon.umctl("gateway", "show", "monitor").status == 1)

            let lasting = try Program("/usr/bin/mosquitto_sub", login + ["-i", "watcher", "-t", "monitor/#"])
            try await Task.sleep(for: .milliseconds(500))
            #expect(try await daemon.umctl("mqtt-account", "remove", "monitor").status == 0)
            #expect(try await lasting.end().status != 0)
            #expect(
                try await Program.run("/usr/bin/mosquitto_pub", login + ["-t", "monitor/a", "-m", "x"]).status != 0)
        }
    }
}
