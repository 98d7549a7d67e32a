import ArgumentParser
import UpgradeAPI

/// `umctl mqtt-account list`
struct ListMQTTAccounts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List MQTT accounts.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let accounts = try await options.connection.withDaemon { client in
            try await client.all { page throws(APIError) in try await client.mqttAccounts(page) }
        }
        var table = Table(
            "ACCOUNT", "MAY PUBLISH TO", "MAY SUBSCRIBE TO", yielding: ["MAY PUBLISH TO", "MAY SUBSCRIBE TO"])
        for account in accounts { table.add(account.name, account.publish.listed, account.subscribe.listed) }
        try Printer(options.connection).list(accounts, table)
    }
}

extension [String] {
    /// For a table: nil, which shows as a dash, when there are none.
    var listed: String? { isEmpty ? nil : joined(separator: " ") }
}
