import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl user set USERNAME [--role R] [--company C]`
struct SetUser: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "set", abstract: "Change a user's role or company.")

    @Argument(help: "The user.")
    var username: String

    @Option(help: ArgumentHelp("super, admin or user.", valueName: "role"), transform: Parse.role)
    var role: RoleName?

    @Option(help: ArgumentHelp("The company that the user belongs to.", valueName: "id"), transform: Parse.companyID)
    var company: CompanyID?

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        if role == nil, company == nil { throw ValidationError("say what to change: --role R, --company ID or both") }
    }

    func run() async throws {
        let user = try await options.connection.withDaemon { client in
            try await client.updateUser(username, UserPatch(role: role, companyId: company))
        }
        try Printer(options.connection).done(
            "user \(username) is \(user.role.rawValue) of company \(user.companyId)", user)
    }
}
