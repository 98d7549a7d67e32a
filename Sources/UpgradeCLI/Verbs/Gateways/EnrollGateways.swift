import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl gateway enroll ID... | --company C | --all`
struct EnrollGateways: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enroll", abstract: "Give gateways secrets of their own, shown once.",
        discussion: """
            The secret that the fleet shares does not open their ids any more. A gateway that has a secret of its own gets another one, \
            and the one before is void.
            """)

    @OptionGroup var selection: GatewaySelection
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let console = Console.current
        let printer = Printer(options.connection)
        try await options.connection.withDaemon { client in
            let ids = try await selection.gateways(client)
            selection.warnIfEmpty(ids, printer)
            let width = ids.map(\.rawValue.printable.columns).max() ?? 0
            func line(_ gateway: String, _ username: String, _ password: String) -> String {
                [gateway, username].map { $0.printable.padded(toColumns: max(width, 8)) }.joined(separator: "  ")
                    + "  " + password
            }
            if !ids.isEmpty, !options.connection.json { console.line(line("GATEWAY", "USERNAME", "PASSWORD")) }
            // Each as it comes and in full: whatever fails later, what was shown once was shown.
            for id in ids {
                let enrolled = try await client.enroll(id)
                if options.connection.json {
                    try printer.json(enrolled)
                } else {
                    console.line(line(enrolled.gateway.rawValue, enrolled.username, enrolled.password))
                }
            }
            if !ids.isEmpty { printer.warn("these passwords are not shown again; the user name is the gateway's id") }
        }
    }
}
