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

    /// Does something to each of the gateways; the first refusal ends it. Of gateways that are not named one by one, `isMeant` says which are
    /// worth the try.
    func perform(
        _ action: GatewayAction, where isMeant: (GatewayBody) -> Bool = { _ in true }, saying done: String,
        _ options: ConnectionOptions
    ) async throws {
        let printer = Printer(options)
        try await options.withDaemon { client in
            let ids = try await gateways(client, where: isMeant)
            warnIfEmpty(ids, printer)
            for id in ids {
                let gateway = try await client.perform(action, on: id)
                try printer.done("\(id) is \(done)", gateway)
            }
        }
    }

    /// Says so when there is no gateway to do something to.
    func warnIfEmpty(_ ids: [GatewayID], _ printer: Printer) {
        guard ids.isEmpty else { return }
        printer.warn("there was nothing to do for any gateway\(company.map { " of company \($0)" } ?? "")")
    }

    /// The ids that were named, or those of the gateways that the daemon lists.
    func gateways(
        _ client: APIClient, where isMeant: (GatewayBody) -> Bool = { _ in true }
    ) async throws -> [GatewayID] {
        guard ids.isEmpty else { return ids }
        let query = GatewayQuery(company: company)
        return try await client.all { page throws(APIError) in try await client.gateways(query, page: page) }
            .filter(isMeant).map(\.id)
    }
}
