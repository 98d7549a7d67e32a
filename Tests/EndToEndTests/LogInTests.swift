import Foundation
import ProgramSupport
import Testing

/// Working from another machine: over HTTPS, with a token that `umctl login` keeps.
@Suite(.serialized) struct LogInTests {
    @Test(.timeLimit(.minutes(2))) func anOperatorLogsInLooksAroundPushesAndLogsOut() async throws {
        try await Daemon.with(["--https"], mode: .tls) { daemon in
            try await TemporaryFolder.with { home in
                func umctl(
                    _ arguments: String..., input: String? = nil, environment: [String: String] = [:]
                ) async throws -> Program.Outcome {
                    try await Program.run(
                        "umctl", arguments + ["--server", daemon.http, "--ca", daemon.authority],
                        environment: ["XDG_CONFIG_HOME": home].merging(environment) { $1 }, input: input)
                }
                let added = try await daemon.umctl(
                    "user", "add", "ada", "--role", "super", "--company", "1", "--password-stdin",
                    input: "a good password\n")
                #expect(added.status == 0, "\(added.errors)")

                let stranger = try await umctl("whoami")
                #expect(stranger.status == 77)
                #expect(stranger.errors.contains("umctl login"), "\(stranger.errors)")
                let wrong = try await umctl("login", "--username", "ada", "--password-stdin", input: "a guess\n")
                #expect(wrong.status == 77)
                let known = try await umctl(
                    "login", "--username", "super@gushenxing.com", "--password-stdin", input: "gushenxing123\n")
                #expect(known.status == 77)
                #expect(known.errors.contains("must be changed first"), "\(known.errors)")

                let login = try await umctl(
                    "login", "--username", "ada", "--password-stdin", input: "a good password\n")
                #expect(login.status == 0, "\(login.errors)")
                let files = try FileManager.default.contentsOfDirectory(atPath: home + "/upgrade-manager")
                #expect(files.count == 1)
                let path = home + "/upgrade-manager/" + (files.first ?? "")
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
                #expect(mode == 0o600)
                let me = try await umctl("whoami", "--json")
                #expect(JSON(try JSONSerialization.jsonObject(with: Data(me.output.utf8)))["username"].text == "ada")

                let executable = home + "/executable"
                try Data("1.2".utf8).write(to: URL(filePath: executable))
                let release = try await umctl("release", "add", "1.2", executable)
                #expect(release.status == 0, "\(release.errors)")
                #expect(release.output.contains("100 %"), "\(release.output)")
                let simulator = try Program(
                    "gateway-sim",
                    [
                        "gw1", "2", "--port", "\(daemon.mqttPort)", "--ca", daemon.authority, "--delay", "0s",
                    ])
                let here = try await poll { try await umctl("gateway", "show", "gw1").status == 0 }
                #expect(here)
                let push = try await umctl("push", "--version", "1.2", "--gateway", "gw1", "--wait", "--timeout", "30s")
                #expect(push.status == 0, "\(push.errors)")
                #expect(push.output.contains("1 confirmed of 1"), "\(push.output)")
                simulator.terminate()
                _ = try await simulator.end()

                let logout = try await umctl("logout")
                #expect(logout.status == 0, "\(logout.errors)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: home + "/upgrade-manager").isEmpty)
                #expect(try await umctl("whoami").status == 77)
                let other = try await umctl("whoami", environment: ["UM_TOKEN": String(repeating: "0", count: 32)])
                #expect(other.status == 77)
                #expect(other.errors.contains("UM_TOKEN"), "\(other.errors)")
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aServerThatIsNotTrustedIsNotTalkedTo() async throws {
        try await Daemon.with(["--https"], mode: .tls) { daemon in
            let unknown = try await Program.run("umctl", ["whoami", "--server", daemon.http])
            #expect(unknown.status == 69)
            #expect(unknown.errors.contains("--ca"), "\(unknown.errors)")
            let insecure = try await Program.run("umctl", ["whoami", "--server", daemon.http, "--insecure"])
            #expect(insecure.status == 77, "\(insecure.errors)")
            #expect(insecure.errors.contains("not verified"), "\(insecure.errors)")
            let other = try await Program.run(
                "umctl", ["whoami", "--server", daemon.http, "--ca", "/nowhere/ca.crt"])
            #expect(other.status == 1)
            #expect(other.errors.contains("/nowhere/ca.crt"), "\(other.errors)")
        }
    }
}
