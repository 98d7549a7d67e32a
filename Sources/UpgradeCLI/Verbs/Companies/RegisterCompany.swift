import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl company register ID`
struct RegisterCompany: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "register", abstract: "Label a company as registered.")

    @Argument(help: ArgumentHelp("The company.", valueName: "id"), transform: Parse.companyID)
    var id: CompanyID

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let company = try await options.connection.withDaemon { client in
            try await client.updateCompany(id, CompanyPatch(registered: true))
        }
        try Printer(options.connection).done("company \(id) is registered", company)
    }
}
