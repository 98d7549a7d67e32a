import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl release list`
struct ListReleases: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List releases, newest first.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let releases = try await options.connection.withDaemon { client in
            try await client.all { page throws(APIError) in try await client.releases(page) }
        }
        var table = Table("VERSION", "SIZE", "STATE", "GATEWAYS", "ADDED", "SHA-256", yielding: ["SHA-256"])
        for release in releases {
            table.add(
                release.version.description, bytes(Int64(release.size)), release.state.rawValue,
                String(release.gateways), release.addedAt.short, release.sha256)
        }
        try Printer(options.connection).list(releases, table)
    }
}
