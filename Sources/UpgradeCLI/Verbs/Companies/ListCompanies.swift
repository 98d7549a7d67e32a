import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl company list`
struct ListCompanies: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List companies.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let companies = try await options.connection.withDaemon { client in
            try await client.all { page throws(APIError) in try await client.companies(page) }
        }
        var table = Table("COMPANY", "NAME", "REGISTERED", yielding: ["NAME"])
        for company in companies { table.add(company.id.rawValue, company.name, company.registered.yesOrNo) }
        try Printer(options.connection).list(companies, table)
    }
}
