import ArgumentParser
import UpgradeAPI

/// `umctl logout`
struct LogOut: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Revoke the token that login kept for --server, and forget it.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let server = try options.connection.namedServer(for: "logout")
        let drawer = try TokenDrawer.current()
        guard let kept = try drawer.find(server.endpoint.key) else {
            return try Printer(options.connection).done("nobody was logged in at \(server.endpoint)")
        }
        do {
            try await server.withClient(token: kept.token) { try await $0.revokeToken(kept.id) }
        } catch APIError.problem(let problem) where [401, 404].contains(problem.status) {
            // It has ended before.
        }
        try drawer.remove(server.endpoint.key)
        try Printer(options.connection).done("logged out at \(server.endpoint)")
    }
}
