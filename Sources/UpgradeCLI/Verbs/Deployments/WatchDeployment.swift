import ArgumentParser
import UpgradeAPI

/// `umctl deployment watch ID`
struct WatchDeployment: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follow a deployment until nothing of it is pending.")

    @Argument(help: ArgumentHelp("The deployment's number.", valueName: "id"), transform: Parse.deploymentID)
    var id: Int64

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await options.connection.withDaemon { client in
            let watch = DeploymentWatch(client: client, options: options.connection)
            try await watch.untilSettled(try await client.deployment(id), within: nil)
        }
    }
}
