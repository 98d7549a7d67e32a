import ArgumentParser
import UpgradeAPI

/// `umctl mqtt-account add NAME --publish FILTER... --subscribe FILTER...`
struct AddMQTTAccount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Create an MQTT account; its password is shown once.",
        discussion: """
            In most shells a filter with a '#' stands in quotation marks: --subscribe 'TOCLOUD/#'. An account never publishes to TOCLOUD/… and \
            TOGATEWAY/…, where only gateways and the daemon speak.
            """)

    @Argument(help: "The user name of its CONNECT.")
    var name: String

    @Option(
        help: ArgumentHelp("A topic filter of what it may publish to; may be repeated.", valueName: "filter"),
        transform: Parse.topicFilter)
    var publish: [String] = []

    @Option(
        help: ArgumentHelp("A topic filter of what it may subscribe to; may be repeated.", valueName: "filter"),
        transform: Parse.topicFilter)
    var subscribe: [String] = []

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        if publish.isEmpty, subscribe.isEmpty {
            throw ValidationError("say what it may do: --publish FILTER, --subscribe FILTER or both")
        }
    }

    func run() async throws {
        let printer = Printer(options.connection)
        let body = MQTTAccountCreation(name: name, publish: publish, subscribe: subscribe)
        let account = try await options.connection.withDaemon { try await $0.createMQTTAccount(body) }
        try printer.object(
            account,
            [
                "username": account.name, "password": account.password, "may publish to": account.publish.listed,
                "may subscribe to": account.subscribe.listed,
            ])
        printer.warn("this password is not shown again")
    }
}
