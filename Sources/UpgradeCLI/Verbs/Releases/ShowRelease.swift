import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl release show VERSION`
struct ShowRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one release.")

    @Argument(help: ArgumentHelp("The release.", valueName: "version"), transform: Parse.version)
    var release: Version

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let release = try await options.connection.withDaemon { try await $0.release(self.release) }
        try Printer(options.connection).object(
            release,
            [
                "version": release.version.description, "size": Int(release.size).counted("byte"),
                "sha256": release.sha256,
                "added": release.addedAt.short, "state": release.state.rawValue, "gateways": String(release.gateways),
            ])
    }
}
