import ArgumentParser
import UpgradeAPI

/// `umctl gateway disable ID... | --company C | --all`
struct DisableGateways: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Disconnect gateways and refuse them until they are enabled.")

    @OptionGroup var selection: GatewaySelection
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await selection.perform(.disable, saying: "disabled", options.connection)
    }
}
