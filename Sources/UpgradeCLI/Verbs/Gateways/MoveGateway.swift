import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl gateway move ID --company C`
struct MoveGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Bind a gateway to another company.")

    @Argument(help: ArgumentHelp("The gateway.", valueName: "id"), transform: Parse.gatewayID)
    var id: GatewayID

    @Option(help: ArgumentHelp("The company.", valueName: "id"), transform: Parse.companyID)
    var company: CompanyID

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let gateway = try await options.connection.withDaemon { client in
            try await client.updateGateway(id, GatewayPatch(companyId: company))
        }
        try Printer(options.connection).done("\(id) belongs to company \(company) now", gateway)
    }
}
