import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl gateway remove ID`
struct RemoveGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Forget a gateway; its events stay.")

    @Argument(help: ArgumentHelp("The gateway.", valueName: "id"), transform: Parse.gatewayID)
    var id: GatewayID

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await options.connection.withDaemon { try await $0.removeGateway(id) }
        try Printer(options.connection).done("\(id) is removed")
    }
}
