import ArgumentParser
import UpgradeAPI

/// `umctl gateway approve ID... | --company C | --all`
struct ApproveGateways: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Let gateways out of quarantine, into the company that they claim.")

    @OptionGroup var selection: GatewaySelection
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await selection.perform(.approve, saying: "approved", options.connection)
    }
}
