public import ArgumentParser
import FoundationEssentials
import Glibc
import MQTTWire
import UpgradeGateway
import UpgradeProtocol

/// `gateway-sim`: gateways without hardware, one or thousands.
public struct SimulatorCommand: AsyncParsableCommand {
    /// Its name and help.
    public static let configuration = CommandConfiguration(
        commandName: "gateway-sim",
        abstract: "Simulates gateways: they start at version 0.5 and install whatever version the cloud sends them.",
        discussion: """
            A simulated executable is nothing but its version number as text; an empty one is taken for 0.5, as by gateways in the field, and content that is \
            no version fails. It runs until SIGINT or SIGTERM, and then ends with 0.

            Without --nossl it speaks MQTT over TLS, and verifies the server's certificate: by --ca, or by tls/ca.crt of the daemon's data folder (--data, \
            else $UM_DATA, else $XDG_DATA_HOME/upgrade-manager). --insecure takes whatever certificate comes.
            """)

    /// More connections from one address have no ports to come from.
    private static let mostGateways = 28_000

    @Argument(help: "The gateway's id.", transform: { try Reading.gatewayID($0) })
    var gatewayId: GatewayID
    @Argument(help: "The id of the gateway's company.", transform: { try Reading.companyID($0) })
    var companyId: CompanyID

    @Flag(help: "Plain MQTT.")
    var nossl = false
    @Option(help: "Name or address of the server.")
    var host = "127.0.0.1"
    @Option(
        parsing: .unconditional, help: "The server's port. (default: 1883 with --nossl, else 8883)",
        transform: Reading.port)
    var port: UInt16?
    @Option(
        help: ArgumentHelp("Trust the authority in the data folder of a daemon on this machine.", valueName: "dir"),
        completion: .directory)
    var data: String?
    @Option(
        help: ArgumentHelp("Trust the authorities in this PEM file.", valueName: "file"), completion: .file())
    var ca: String?
    @Flag(help: "Do not verify the server's certificate: whoever answers is taken for the server.")
    var insecure = false
    @Option(help: "The user name to log in with.")
    var user = "user"
    @Option(help: "The password to log in with.")
    var password = "password"
    @Option(help: "How long an installation takes. (default: 10s)", transform: Reading.timeSpan)
    var delay = Duration.seconds(10)
    @Option(help: "Runs so many gateways, named <gatewayId>-1 and so on. (default: one, named <gatewayId>)")
    var count: Int?
    @Option(help: "Which part of the installations fails, 0 to 1.")
    var failRate = 0.0
    @Option(
        help: "How often to ask for the latest and the available versions; 0s: only when connecting. (default: 60s)",
        transform: Reading.timeSpan)
    var poll = Duration.seconds(60)
    @Option(help: "The version of MQTT to speak: 3.1, 3.1.1 or 5. (default: 3.1.1)", transform: Reading.mqttVersion)
    var mqttVersion = ProtocolVersion.v3_1_1
    @Flag(help: "Print one JSON object a line.")
    var json = false

    /// A command without its arguments, for the parser.
    public init() {}

    /// Parses and runs the process's command line. Wrong usage is one line on standard error, and exit 64.
    public static func main() async {
        do {
            let command = try parse()
            try await command.run()
        } catch let error where exitCode(for: error) == .validationFailure {
            // The parser's own message has more lines than the one that says what is wrong.
            let problem = message(for: error).split(whereSeparator: \.isNewline).first ?? "wrong usage"
            exit(withError: failure("\(problem) (see gateway-sim --help)", EX_USAGE))
        } catch {
            exit(withError: error)
        }
    }

    /// Refuses values that no simulation can have (exit 64).
    public func validate() throws {
        if let count, !(1...Self.mostGateways ~= count) {
            throw ValidationError("--count \(count): it is 1 to \(Self.mostGateways)")
        }
        guard 0...1 ~= failRate else { throw ValidationError("--fail-rate \(failRate): it is 0 to 1") }
        guard [data != nil, ca != nil, insecure].count(where: { $0 }) < 2 else {
            throw ValidationError("--data, --ca and --insecure exclude each other")
        }
        if nossl, ca != nil || insecure {
            throw ValidationError("--nossl is plain MQTT: there is no certificate for --ca or --insecure")
        }
        _ = try gatewayIDs()
    }

    /// Simulates until a signal comes: then it ends with 0. Otherwise 71 for want of descriptors or the like, 77 when the server refuses the one gateway or its
    /// certificate is refused, 78 when the file of the authorities cannot be used.
    public func run() async throws {
        let tls = try tlsContext()
        if insecure {
            StandardStream.error.writeLine(
                "gateway-sim: --insecure: the server's certificate is not verified, anyone could be the server")
        }
        do {
            try DescriptorNeed.provide(for: count ?? 1)
        } catch {
            throw Self.failure("--count \(count ?? 1) \(error)", EX_OSERR)
        }
        let report = SimulationReport(count: count, isJSON: json, initialVersion: try Version("0.5"))
        let ending = await SimulationRun(try settings(tls), report: report, endsWhenRefused: count == nil).untilItEnds()
        switch ending {
        case .signal: return
        case .refused(let problem): throw Self.failure(problem, EX_NOPERM)
        case .failed(let problem): throw Self.failure(problem, EX_OSERR)
        }
    }

    private func gatewayIDs() throws -> [GatewayID] {
        guard let count else { return [gatewayId] }
        return try (1...count).map { try Reading.gatewayID("\(gatewayId)-\($0)") }
    }

    /// nil with `--nossl`.
    private func tlsContext() throws -> TLSClientContext? {
        guard !nossl else { return nil }
        let authority =
            ca ?? DataFolderLocation.authority(option: data, environment: ProcessInfo.processInfo.environment)
        do {
            return try TLSClientContext(trust: insecure ? .nothing : .authority(file: authority))
        } catch {
            let remedy =
                ca == nil
                ? "; start umd on this machine once, name the file with --ca, skip the check with --insecure, or use plain MQTT with --nossl"
                : ""
            throw Self.failure("\(error)\(remedy)", EX_CONFIG)
        }
    }

    private func settings(_ tls: TLSClientContext?) throws -> SimulationSettings {
        var settings = SimulationSettings(
            gatewayIDs: try gatewayIDs(), companyID: companyId, port: port ?? (tls == nil ? 1883 : 8883), tls: tls)
        settings.host = host
        settings.mqttVersion = mqttVersion
        settings.userName = user
        settings.password = password
        settings.installationTime = delay
        settings.failureRate = failRate
        settings.pollInterval = poll
        return settings
    }

    private static func failure(_ problem: String, _ code: Int32) -> ExitCode {
        StandardStream.error.writeLine("gateway-sim: \(problem)")
        return ExitCode(code)
    }
}
