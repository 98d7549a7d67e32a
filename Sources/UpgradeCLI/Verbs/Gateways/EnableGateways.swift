import ArgumentParser
import UpgradeAPI

/// `umctl gateway enable ID... | --company C | --all`
struct EnableGateways: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "enable", abstract: "Let gateways connect again.")

    @OptionGroup var selection: GatewaySelection
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await selection.perform(.enable, saying: "enabled", options.connection)
    }
}
