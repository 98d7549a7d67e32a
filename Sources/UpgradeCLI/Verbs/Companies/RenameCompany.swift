import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl company rename ID NAME`
struct RenameCompany: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rename", abstract: "Give a company another name.")

    @Argument(help: ArgumentHelp("The company.", valueName: "id"), transform: Parse.companyID)
    var id: CompanyID

    @Argument(help: "The new name.")
    var name: String

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let company = try await options.connection.withDaemon { client in
            try await client.updateCompany(id, CompanyPatch(name: name))
        }
        try Printer(options.connection).done("company \(id) is now named \(company.name.printable)", company)
    }
}
