import ArgumentParser
import UpgradeAPI

/// `umctl gateway approve ID... | --company C | --all`
struct ApproveGateways: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Let gateways out of quarantine, into the company that they claim.",
        discussion: """
            With --company or --all, gateways that are disabled are passed over: disable those that are not yours, and approve the rest at once.
            """)

    @OptionGroup var selection: GatewaySelection
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await selection.perform(
            .approve, where: { !$0.approved && $0.enabled }, saying: "approved", options.connection)
    }
}
