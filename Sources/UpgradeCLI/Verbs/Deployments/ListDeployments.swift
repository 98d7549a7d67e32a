import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl deployment list`
struct ListDeployments: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List deployments, newest first.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let deployments = try await options.connection.withDaemon { client in
            try await client.all { page throws(APIError) in try await client.deployments(page) }
        }
        var table = Table("ID", "VERSION", "TARGET", "STATE", "BY", "AT", yielding: ["TARGET", "STATE", "BY"])
        for deployment in deployments {
            table.add(
                String(deployment.id), deployment.version.description, deployment.target.summary,
                deployment.counts.summary, deployment.createdBy, deployment.createdAt.short)
        }
        try Printer(options.connection).list(deployments, table)
    }
}
