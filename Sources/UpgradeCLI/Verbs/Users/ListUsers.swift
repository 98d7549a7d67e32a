import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl user list`
struct ListUsers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List users.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let users = try await options.connection.withDaemon { client in
            try await client.all { page throws(APIError) in try await client.users(page) }
        }
        var table = Table("USER", "NAME", "ROLE", "COMPANY", yielding: ["NAME"])
        for user in users { table.add(user.username, user.name, user.role.rawValue, user.companyId.rawValue) }
        try Printer(options.connection).list(users, table)
    }
}
