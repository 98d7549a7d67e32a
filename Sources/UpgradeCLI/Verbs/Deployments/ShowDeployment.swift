import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl deployment show ID`
struct ShowDeployment: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a deployment and how each gateway gets on with it.")

    @Argument(help: ArgumentHelp("The deployment's number.", valueName: "id"), transform: Parse.deploymentID)
    var id: Int64

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let (deployment, upgrades) = try await options.connection.withDaemon { client in
            let deployment = try await client.deployment(id)
            // The table is for people alone: the body of a deployment has no upgrades in it.
            guard !options.connection.json else { return (deployment, [UpgradeBody]()) }
            let upgrades = try await client.all { page throws(APIError) in
                try await client.upgrades(ofDeployment: id, page: page)
            }
            return (deployment, upgrades)
        }
        let printer = Printer(options.connection)
        try printer.object(
            deployment,
            [
                "deployment": String(deployment.id), "version": deployment.version.description,
                "target": deployment.target.summary, "ordered by": deployment.createdBy,
                "ordered at": deployment.createdAt.short, "state": deployment.counts.summary,
            ])
        guard !options.connection.json else { return }
        var table = Table(
            "GATEWAY", "STATE", "ATTEMPTS", "FROM", "SENT", "SETTLED", "REASON", yielding: ["REASON", "GATEWAY"])
        for upgrade in upgrades {
            table.add(
                upgrade.gatewayId.rawValue, upgrade.state.rawValue, String(upgrade.attempts),
                upgrade.fromVersion?.description, upgrade.sentAt?.short, upgrade.settledAt?.short, upgrade.reason)
        }
        printer.show(table)
    }
}
