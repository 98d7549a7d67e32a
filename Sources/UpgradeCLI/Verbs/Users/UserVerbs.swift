import ArgumentParser

/// `umctl user`.
struct UserVerbs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "The people who may log in.",
        subcommands: [ListUsers.self, AddUser.self, SetUser.self, SetPassword.self, RemoveUser.self])
}
