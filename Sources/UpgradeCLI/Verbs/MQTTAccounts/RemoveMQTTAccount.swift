import ArgumentParser
import UpgradeAPI

/// `umctl mqtt-account remove NAME`
struct RemoveMQTTAccount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove an MQTT account; its connections end.")

    @Argument(help: "The account.")
    var name: String

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await options.connection.withDaemon { try await $0.removeMQTTAccount(name) }
        try Printer(options.connection).done("MQTT account \(name.printable) is removed")
    }
}
