import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// Which gateways a verb is for: `ID... | --company C | --all`.
struct GatewaySelection: ParsableArguments {
    @Argument(help: ArgumentHelp("The gateways.", valueName: "id"), transform: Parse.gatewayID)
    var ids: [GatewayID] = []

    @Option(help: ArgumentHelp("All gateways of this company.", valueName: "id"), transform: Parse.companyID)
    var company: CompanyID?

    @Flag(help: "All gateways.")
    var all = false

    func validate() throws {
        guard [!ids.isEmpty, company != nil, all].count(where: { $0 }) == 1 else {
            throw ValidationError("say which gateways, in one way: ID..., --company ID or --all")
        }
    }

    /// Does something to each of the gateways; the first refusal ends it.
    func perform(_ action: GatewayAction, saying done: String, _ options: ConnectionOptions) async throws {
        let printer = Printer(options)
        try await options.withDaemon { client in
            for id in try await gateways(client) {
                let gateway = try await client.perform(action, on: id)
                try printer.done("\(id) is \(done)", gateway)
            }
        }
    }

    private func gateways(_ client: APIClient) async throws -> [GatewayID] {
        guard ids.isEmpty else { return ids }
        let query = GatewayQuery(company: company)
        return try await client.all { page throws(APIError) in try await client.gateways(query, page: page) }.map(\.id)
    }
}
