import ArgumentParser

/// `umctl release`.
struct ReleaseVerbs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "What gateways can be upgraded to.",
        subcommands: [ListReleases.self, AddRelease.self, ShowRelease.self, RemoveRelease.self])
}
