import ArgumentParser
import UpgradeCore

/// `umctl init`
struct Initialise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the data folder, its database and the first super user.")

    @Option(help: "The super user's name, in place of \(Bootstrap.username).")
    var username: String?

    @OptionGroup var password: PasswordOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let folder = try options.connection.folderOfThisMachine(verb: "init")
        if case .installation = try folder.contents() { return try await reportInitialised(folder) }
        try folder.create()
        guard let lock = try FolderLock.ifFree(folder) else {
            // A daemon that has just been started does it itself.
            guard case .installation = try folder.contents() else {
                throw Failure("another process is at work on \(folder.path); try again when it is done")
            }
            return try await reportInitialised(folder)
        }
        var user = Installation.FirstUser(username: username)
        if username != nil || password.passwordStdin {
            user.password = try password.password(for: username ?? Bootstrap.username)
        }
        let installation = try await Installation.openOrInitialise(under: lock, firstUser: user)
        try installation.store.close()
        let printer = Printer(options.connection)
        if options.connection.json { return try printer.json(Result(data: folder.path, initialised: true)) }
        printer.note("\(folder.path) is initialised; the super user is \(username ?? Bootstrap.username)")
        if user.password == nil {
            printer.note("its password is the well-known one: change it with 'umctl user passwd \(Bootstrap.username)'")
        }
    }

    private func reportInitialised(_ folder: DataFolder) async throws {
        try await Installation.open(folder).store.close()
        if let username {
            throw Failure("\(folder.path) is initialised already; make \(username) with 'umctl user add' instead")
        }
        if options.connection.json {
            return try Printer(options.connection).json(Result(data: folder.path, initialised: false))
        }
        Printer(options.connection).note("\(folder.path) is initialised already; nothing was changed")
    }

    /// What `--json` prints: the API has no body for this.
    private struct Result: Encodable {
        var data: String
        var initialised: Bool
    }
}
