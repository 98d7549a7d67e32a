import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl push`: orders an upgrade, and waits for it if asked to.
struct Push: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Upgrade gateways to a release.",
        usage: "umctl push --version 1.2 (--gateway ID)... | --company ID | --all")

    @Option(help: ArgumentHelp("The release to send.", valueName: "version"), transform: Parse.version)
    var version: Version

    @Option(
        name: .customLong("gateway"), help: ArgumentHelp("A gateway; may be repeated.", valueName: "id"),
        transform: Parse.gatewayID)
    var gateways: [GatewayID] = []

    @Option(help: ArgumentHelp("All gateways of this company.", valueName: "id"), transform: Parse.companyID)
    var company: CompanyID?

    @Flag(help: "All gateways.")
    var all = false

    @Flag(help: "Wait until every gateway has confirmed or the upgrade has ended otherwise.")
    var wait = false

    @Option(
        help: ArgumentHelp("How long to wait at most (default 15m).", valueName: "span"), transform: Parse.timeSpan)
    var timeout: Duration = .seconds(900)

    @OptionGroup var options: ConnectionOptions

    func validate() throws {
        guard [!gateways.isEmpty, company != nil, all].count(where: { $0 }) == 1 else {
            throw ValidationError(
                "say whom to upgrade, in one way: --gateway ID (may be repeated), --company ID or --all")
        }
    }

    func run() async throws {
        let printer = Printer(options)
        let order = DeploymentOrder(version: version, target: target)
        try await options.withDaemon { client in
            let deployment = try await client.order(order)
            guard wait else {
                return try printer.done(
                    "deployment \(deployment.id): version \(version) to \(deployment.counts.total.counted("gateway"))",
                    deployment)
            }
            printer.note(
                "deployment \(deployment.id): version \(version) to \(deployment.counts.total.counted("gateway"))")
            try await DeploymentWatch(client: client, options: options).untilSettled(deployment, within: timeout)
        }
    }

    private var target: DeploymentTargetBody {
        if let company { return .company(company) }
        return all ? .all : .gateways(gateways)
    }
}
