import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl user add USERNAME --role R --company C`
struct AddUser: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Create a user.")

    @Argument(help: "The name to log in with.")
    var username: String

    @Option(help: ArgumentHelp("super, admin or user.", valueName: "role"), transform: Parse.role)
    var role: RoleName

    @Option(help: ArgumentHelp("The company that the user belongs to.", valueName: "id"), transform: Parse.companyID)
    var company: CompanyID

    @OptionGroup var password: PasswordOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let body = UserCreation(
            username: username, role: role, companyId: company, password: try password.password(for: username))
        let user = try await options.connection.withDaemon { try await $0.createUser(body) }
        try Printer(options.connection).done(
            "user \(username) is created: \(role.rawValue) of company \(company)", user)
    }
}
