import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl whoami`
struct WhoAmI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami", abstract: "Show as whom the daemon lets you act.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let me = try await options.connection.withDaemon { try await $0.me() }
        try Printer(options.connection).object(
            me, ["user": me.username, "name": me.name, "role": me.role.rawValue, "company": me.companyId.rawValue])
    }
}
