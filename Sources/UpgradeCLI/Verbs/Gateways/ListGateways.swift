import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl gateway list`
struct ListGateways: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List gateways.")

    @Option(help: ArgumentHelp("Of this company.", valueName: "id"), transform: Parse.companyID)
    var company: CompanyID?

    @Option(help: ArgumentHelp("Reporting this version.", valueName: "version"), transform: Parse.version)
    var version: Version?

    @Option(help: ArgumentHelp("Whose last upgrade is in this state.", valueName: "state"), transform: Parse.state)
    var state: UpgradeStateName?

    @Flag(inversion: .prefixedNo, help: "Connected ones, or with --no-online the others.")
    var online: Bool?

    @Option(help: ArgumentHelp("Whose id, name or address contains this.", valueName: "text"))
    var search: String?

    @OptionGroup var options: ConnectionOptions

    func run() async throws {
        let query = GatewayQuery(company: company, version: version, state: state, online: online, search: search)
        let gateways = try await options.withDaemon { client in
            try await client.all { page throws(APIError) in try await client.gateways(query, page: page) }
        }
        var table = Table(
            "GATEWAY", "NAME", "COMPANY", "VERSION", "ONLINE", "UPGRADE", "TARGET", "LAST SEEN",
            yielding: ["NAME", "GATEWAY", "COMPANY"])
        for gateway in gateways {
            table.add(
                gateway.id.rawValue, gateway.name, gateway.companyOrClaim,
                gateway.version?.description, gateway.online.yesOrNo, gateway.state?.rawValue,
                gateway.targetVersion?.description, gateway.lastSeen?.short)
        }
        try Printer(options).list(gateways, table)
    }
}

extension GatewayBody {
    /// The company, or for a gateway in quarantine what it claims.
    fileprivate var companyOrClaim: String {
        companyId?.rawValue ?? "\(claimedCompanyId.map { "\($0) " } ?? "")(not approved)"
    }
}
