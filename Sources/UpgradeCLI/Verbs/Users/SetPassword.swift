import ArgumentParser
import UpgradeAPI

/// `umctl user passwd USERNAME`
struct SetPassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "passwd", abstract: "Give a user a new password.")

    @Argument(help: "The user.")
    var username: String

    @OptionGroup var password: PasswordOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let body = UserPatch(password: try password.password(for: username))
        let user = try await options.connection.withDaemon { try await $0.updateUser(username, body) }
        try Printer(options.connection).done("user \(username) has a new password", user)
    }
}
