import ArgumentParser
import UpgradeAPI

/// `umctl gateway revoke ID... | --company C | --all`
struct RevokeGateways: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Make gateways' own secrets void; the shared secret opens their ids again.",
        discussion: """
            This also forgets that a gateway has proved itself by a certificate. With --company or --all, gateways that have neither are passed over.
            """)

    @OptionGroup var selection: GatewaySelection
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await selection.perform(.revoke, where: \.enrolled, saying: "revoked", options.connection)
    }
}
