import ArgumentParser
import UpgradeCore

/// `umctl backup FILE`
struct BackUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write database, marker and release store to one file, also while the daemon runs.",
        discussion:
            "Keys and certificates are not in it. An older file of that name is replaced when the new one is complete.")

    @Argument(help: "The file to write.", completion: .file())
    var file: String

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let folder = try options.connection.folderOfThisMachine(verb: "backup")
        let installation = try await Installation.open(folder)
        let report = try installation.store.backUp(folder, to: file)
        try installation.store.close()
        for digest in report.missing {
            Console.current.errorLine(
                "umctl: the release store lacks an intact copy of \(digest), and so does the backup; see 'umctl doctor'"
            )
        }
        if options.connection.json { return try Printer(options.connection).json(report) }
        Printer(options.connection).note(
            "\(file): \(bytes(report.size)), with \(report.releases.counted("release"))")
    }
}
