import ArgumentParser

/// `umctl company`.
struct CompanyVerbs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "company", abstract: "The companies that gateways and users belong to.",
        subcommands: [ListCompanies.self, AddCompany.self, RenameCompany.self, RegisterCompany.self])
}
