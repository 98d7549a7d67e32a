import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl company add ID NAME`
struct AddCompany: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Create a company.")

    @Argument(
        help: ArgumentHelp("The id, as its gateways will report it.", valueName: "id"), transform: Parse.companyID)
    var id: CompanyID

    @Argument(help: "The name.")
    var name: String

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let company = try await options.connection.withDaemon { client in
            try await client.createCompany(CompanyCreation(id: id, name: name))
        }
        try Printer(options.connection).done("company \(id) is created", company)
    }
}
