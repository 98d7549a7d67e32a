import ArgumentParser
import UpgradeAPI

/// `umctl user remove USERNAME`
struct RemoveUser: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Remove a user.")

    @Argument(help: "The user.")
    var username: String

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await options.connection.withDaemon { try await $0.removeUser(username) }
        try Printer(options.connection).done("user \(username) is removed")
    }
}
