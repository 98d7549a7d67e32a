import ArgumentParser

/// `umctl gateway`.
struct GatewayVerbs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway", abstract: "The fleet.",
        subcommands: [
            ListGateways.self, ShowGateway.self, RenameGateway.self, MoveGateway.self, RemoveGateway.self,
            EnrollGateways.self, RevokeGateways.self, ApproveGateways.self, EnableGateways.self, DisableGateways.self,
        ])
}
