import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl release remove VERSION`
struct RemoveRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a release, and its file in the watched folder.")

    @Argument(help: ArgumentHelp("The release.", valueName: "version"), transform: Parse.version)
    var release: Version

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await options.connection.withDaemon { try await $0.removeRelease(release) }
        try Printer(options.connection).done("release \(release) is removed")
    }
}
