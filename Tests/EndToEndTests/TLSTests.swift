import Foundation
import ProgramSupport
import Testing

/// TLS mode from outside: our programs, OpenSSL's and Mosquitto's.
@Suite("TLS mode", .timeLimit(.minutes(5)))
struct TLSTests {
    @Test("On an empty folder it makes an authority and a certificate, and a gateway of the field is upgraded over TLS")
    func fieldGateway() async throws {
        try await Daemon.with(mode: .tls) { daemon in
            #expect(daemon.readyLine.contains(" mqtt=mqtts://127.0.0.1:\(daemon.mqttPort) "))
            let gateway = try await FieldGateway.known("gw2", to: daemon)
            let bytes = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            try await daemon.drop("1.2", bytes)
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            #expect(try await gateway.next("UPGRADE/gw2").content == bytes)
            try await gateway.reportStatus("1.2")
            try await daemon.expect("gw2", "state", is: "confirmed")
        }
    }

    @Test("OpenSSL and Mosquitto verify it by its ca.crt, under every name that it has for itself")
    func peers() async throws {
        try await Daemon.with(mode: .tls) { daemon in
            let host = try await Program.run("/bin/hostname", []).output.trimmingCharacters(in: .newlines)
            for name in ["localhost", host] {
                let handshake = try await Program.handshake(
                    daemon.mqttPort, ["-CAfile", daemon.authority, "-verify_hostname", name])
                #expect(handshake.status == 0, "\(name): \(handshake.errors)")
            }
            for version in ["-tls1_2", "-tls1_3"] {
                let handshake = try await Program.handshake(
                    daemon.mqttPort, ["-CAfile", daemon.authority, "-verify_ip", "127.0.0.1", version])
                #expect(handshake.status == 0, "\(version): \(handshake.errors)")
            }
            #expect(try await Program.handshake(daemon.mqttPort, ["-tls1_1", "-cipher", "ALL@SECLEVEL=0"]).status != 0)

            let subscriber = try Program(
                "/usr/bin/mosquitto_sub",
                [
                    "--cafile", daemon.authority, "-h", "localhost", "-p", "\(daemon.mqttPort)", "-u", "user", "-P",
                    "password", "-i", "gw2", "-q", "1", "-C", "1", "-N", "-t", "TOGATEWAY/LATEST_VERSION",
                ])
            try await Task.sleep(for: .milliseconds(500))
            try await daemon.drop("1.2", Data("1.2".utf8))
            let outcome = try await subscriber.end()
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.hasSuffix(#"{"version":1.2}"#))
        }
    }

    @Test("Whoever does not speak TLS gets no answer")
    func plain() async throws {
        try await Daemon.with(mode: .tls) { daemon in
            let outcome = try await Program.run(
                "/usr/bin/mosquitto_pub",
                [
                    "-p", "\(daemon.mqttPort)", "-u", "user", "-P", "password", "-i", "gw2", "-t", "TOCLOUD/STATUS/gw2",
                    "-n",
                ])
            #expect(outcome.status != 0)
            await #expect(throws: FieldGateway.Failure.self) {
                try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            }
        }
    }

    @Test("The simulator verifies by the data folder, and refuses another authority before it says anything")
    func simulator() async throws {
        try await Daemon.with(mode: .tls) { daemon in
            let port = ["--port", "\(daemon.mqttPort)"]
            let simulator = try Program("gateway-sim", ["gw2", "2", "--data", daemon.data] + port)
            try await daemon.expect("gw2", "online", is: "1")
            simulator.terminate()
            #expect(try await simulator.end().status == 0)

            let insecure = try Program("gateway-sim", ["gw3", "2", "--insecure"] + port)
            try await daemon.expect("gw3", "online", is: "1")
            insecure.terminate()
            let outcome = try await insecure.end()
            #expect(outcome.errors.contains("not verified"))

            try await TemporaryFolder.with { folder in
                let stranger = try await Program.makeAuthority(in: folder, named: "stranger")
                let refused = try await Program.run("gateway-sim", ["gw4", "2", "--ca", stranger] + port)
                #expect(refused.status == 77, "\(refused.errors)")
                #expect(refused.errorLine.contains("Upgrade Manager CA"))
                let missing = try await Program.run("gateway-sim", ["gw4", "2", "--ca", "\(folder)/none"] + port)
                #expect(missing.status == 78)
                #expect(missing.errorLine.contains("\(folder)/none"))
            }
            #expect(try await daemon.umctl("gateway", "show", "gw4").status == 1)
        }
    }

    @Test(
        "SIGHUP brings a new certificate into force; a broken one leaves the old one there, and open connections go on")
    func reload() async throws {
        try await Daemon.with(mode: .tls) { daemon in
            let gateway = try await FieldGateway.known("gw2", to: daemon)
            let first = try await Program.serial(daemon.mqttPort)
            #expect(try await daemon.umctl("tls", "server", "--host", "renewed.example.com").status == 0)
            daemon.hangUp()
            let isRenewed = try await poll { try await Program.serial(daemon.mqttPort) != first }
            #expect(isRenewed)
            let named = try await Program.handshake(
                daemon.mqttPort, ["-CAfile", daemon.authority, "-verify_hostname", "renewed.example.com"])
            #expect(named.status == 0, "\(named.errors)")
            let second = try await Program.serial(daemon.mqttPort)

            try Data("broken".utf8).write(to: URL(filePath: daemon.data + "/tls/server.crt"))
            daemon.hangUp()
            let isSaid = try await daemon.logs("the certificates stay as they were")
            #expect(isSaid)
            #expect(try await Program.serial(daemon.mqttPort) == second)
            try await gateway.reportStatus("0.6", qos: 1)
            try await daemon.expect("gw2", "version", is: "0.6")
        }
    }

    @Test("The simulator refuses a certificate for another name, and one that has expired")
    func wrongCertificates() async throws {
        try await TemporaryFolder.with { folder in
            let authority = try await Program.makeAuthority(in: folder, named: "ca")
            for (extensions, days, words) in [
                ("subjectAltName=DNS:other.example.com", "20", "other.example.com"),
                ("subjectAltName=IP:127.0.0.1", "-1", "expired"),
            ] {
                let files = try await Program.makeCertificate(
                    in: folder, named: "server", signedBy: "ca", extensions: extensions, days: days)
                let daemon = try await Daemon.start(
                    on: folder + "/data-\(days)", ["--tls-cert", files.certificate, "--tls-key", files.key], mode: .tls)
                let refused = try await Program.run(
                    "gateway-sim", ["gw4", "2", "--ca", authority, "--port", "\(daemon.mqttPort)"])
                #expect(refused.status == 77, "\(refused.errors)")
                #expect(
                    refused.errorLine.contains("CN=server") && refused.errorLine.contains(words), "\(refused.errors)")
                #expect(try await daemon.umctl("gateway", "show", "gw4").status == 1)
                #expect(try await daemon.stop() == 0)
            }
        }
    }

    @Test(
        "Certificates of the field's own making: RSA and EC, signed by an authority; what is weak or locked is refused with its cure"
    )
    func ownFiles() async throws {
        try await TemporaryFolder.with { folder in
            let authority = try await Program.makeAuthority(in: folder, named: "ca")
            for key in [["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]] {
                let files = try await Program.makeServer(in: folder, signedBy: "ca", key: key)
                let daemon = try await Daemon.start(on: "\(folder)/data-\(key[0].prefix(2))", files, mode: .tls)
                let handshake = try await Program.handshake(
                    daemon.mqttPort, ["-CAfile", authority, "-verify_hostname", "localhost"])
                #expect(handshake.status == 0, "\(handshake.errors)")
                #expect(try await daemon.stop() == 0)
            }

            func refusal(_ files: [String], _ more: [String] = []) async throws -> Program.Outcome {
                try await Program.run(
                    "umd", ["--data", "\(folder)/refused", "--http-port", "0", "--mqtts-port", "0"] + files + more)
            }
            let weak = try await Program.makeServer(in: folder, signedBy: "ca", key: ["rsa:1024"])
            let weakKey = try await refusal(weak)
            #expect(weakKey.status == 78)
            #expect(weakKey.errorLine.contains("1024") && weakKey.errorLine.contains("openssl"), "\(weakKey.errors)")
            let sha1 = try await Program.makeServer(in: folder, signedBy: "ca", key: ["rsa:2048"], digest: "-sha1")
            let weakSignature = try await refusal(sha1)
            #expect(weakSignature.status == 78)
            #expect(weakSignature.errorLine.uppercased().contains("SHA1"), "\(weakSignature.errors)")
            #expect(weakSignature.errorLine.contains("openssl"))
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/refused"))
            let legacy = try await Daemon.start(on: "\(folder)/legacy", weak + ["--tls-legacy"], mode: .tls)
            #expect(
                try await Program.handshake(
                    legacy.mqttPort, ["-CAfile", authority, "-cipher", "DEFAULT@SECLEVEL=0"]
                ).status == 0)
            #expect(try await legacy.stop() == 0)

            let good = try await Program.makeServer(in: folder, signedBy: "ca", key: ["rsa:2048"])
            let locked = "\(folder)/locked.key"
            #expect(
                try await Program.run(
                    "/usr/bin/openssl", ["pkey", "-in", good[3], "-aes256", "-passout", "pass:secret", "-out", locked]
                ).status == 0)
            let encrypted = try await refusal(["--tls-cert", good[1], "--tls-key", locked])
            #expect(encrypted.status == 78)
            #expect(encrypted.errorLine.contains("openssl pkey"), "\(encrypted.errors)")
        }
    }
}
