import ArgumentParser
import UpgradeCore

/// `umctl restore FILE`
struct RestoreBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in the place of the data; the daemon must not be running.",
        discussion: "What was there is kept beside it. Upgrades that were pending in the backup are cancelled.")

    @Argument(help: "A file that 'umctl backup' wrote.", completion: .file())
    var file: String

    @Flag(help: "Also replace the data of another installation.")
    var force = false

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let folder = try options.connection.folderOfThisMachine(verb: "restore")
        try folder.create()
        let lock = try FolderLock(folder)
        let report = try await Restore(from: file, under: lock, force: force).run()
        if options.connection.json { return try Printer(options.connection).json(report) }
        let printer = Printer(options.connection)
        printer.note("\(folder.path) is restored from \(file), with \(report.releases.counted("release"))")
        if report.cancelledUpgrades > 0 {
            printer.note("\(report.cancelledUpgrades.counted("pending upgrade")) cancelled")
        }
        if let kept = report.keptIn { printer.note("what was there before is in \(kept)") }
    }
}
