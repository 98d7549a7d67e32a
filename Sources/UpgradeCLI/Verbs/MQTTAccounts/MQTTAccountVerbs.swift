import ArgumentParser

/// `umctl mqtt-account`.
struct MQTTAccountVerbs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mqtt-account", abstract: "Programs other than gateways that connect over MQTT.",
        subcommands: [ListMQTTAccounts.self, AddMQTTAccount.self, RemoveMQTTAccount.self])
}
