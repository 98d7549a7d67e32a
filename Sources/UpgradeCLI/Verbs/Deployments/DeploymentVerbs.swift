import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl deployment`.
struct DeploymentVerbs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deployment", abstract: "What was ordered, and how it goes.",
        subcommands: [ListDeployments.self, ShowDeployment.self, CancelDeployment.self, WatchDeployment.self])
}

extension DeploymentTargetBody {
    /// In few words.
    var summary: String {
        switch self {
        case .gateways(let ids) where ids.count <= 3: ids.map(\.rawValue).joined(separator: ", ")
        case .gateways(let ids): ids.count.counted("gateway")
        case .company(let id): "company \(id)"
        case .all: "all gateways"
        }
    }
}
