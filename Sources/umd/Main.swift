import ArgumentParser
import FoundationEssentials
import Glibc
import UpgradeServer

/// The daemon: reads the command line, then runs the server until a signal stops it.
@main
struct Daemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "umd",
        abstract: "Upgrades gateways over MQTT: broker, upgrade logic, web pages and HTTP API in one daemon.",
        discussion: """
            Every option is also an environment variable (UM_HTTP_PORT) and a key of the configuration file (httpPort). The command line beats \
            the environment, which beats the file. Port 0 means any free port.

            Without --nossl, MQTT is served over TLS alone and people log in. The first start on an empty data folder makes a private authority and a \
            server certificate; gateways trust the server by tls/ca.crt in that folder. SIGHUP has certificates read again.

            Refused unless --insecure-listen: --nossl beyond loopback; any listener beyond loopback while the bootstrap password is in force; MQTT beyond \
            loopback with the default secret (or, in TLS mode, --accept-default-mqtt-secret); HTTP beyond loopback without --https or --behind-proxy.
            """,
        version: ServerVersion.current)

    @OptionGroup var options: DaemonOptions

    static func main() async {
        do {
            let daemon = try parse()
            try await daemon.run()
        } catch let error where exitCode(for: error) == .validationFailure {
            // The parser's own message has more lines than the one that says what is wrong.
            let problem = message(for: error).split(whereSeparator: \.isNewline).first ?? "wrong usage"
            StandardError.writeLine("umd: \(problem) (see umd --help)")
            exit(withError: ExitCode.validationFailure)
        } catch {
            exit(withError: error)
        }
    }

    func run() async throws {
        do {
            let configuration = try await ServerConfiguration(
                flags: options.settings, environment: ProcessInfo.processInfo.environment)
            try await DaemonRun(configuration).run()
        } catch let refusal as StartRefusal {
            StandardError.writeLine("umd: \(refusal)")
            throw ExitCode(EX_CONFIG)
        }
    }
}
