import ArgumentParser
import UpgradeAPI

/// `umctl deployment cancel ID`
struct CancelDeployment: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel what is still pending of a deployment.")

    @Argument(help: ArgumentHelp("The deployment's number.", valueName: "id"), transform: Parse.deploymentID)
    var id: Int64

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let deployment = try await options.connection.withDaemon { try await $0.cancelDeployment(id) }
        try Printer(options.connection).done("deployment \(id): \(deployment.counts.summary)", deployment)
    }
}
