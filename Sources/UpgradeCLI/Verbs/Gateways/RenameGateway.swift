import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl gateway rename ID NAME`
struct RenameGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rename", abstract: "Give a gateway another name.")

    @Argument(help: ArgumentHelp("The gateway.", valueName: "id"), transform: Parse.gatewayID)
    var id: GatewayID

    @Argument(help: "The new name.")
    var name: String

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let gateway = try await options.connection.withDaemon { client in
            try await client.updateGateway(id, GatewayPatch(name: name))
        }
        try Printer(options.connection).done("\(id) is now named \(gateway.name.printable)", gateway)
    }
}
