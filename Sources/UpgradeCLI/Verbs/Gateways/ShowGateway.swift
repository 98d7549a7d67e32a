import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl gateway show ID`
struct ShowGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one gateway and what happened to it last.")

    @Argument(help: ArgumentHelp("The gateway.", valueName: "id"), transform: Parse.gatewayID)
    var id: GatewayID

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let printer = Printer(options.connection)
        try await options.connection.withDaemon { client in
            let gateway = try await client.gateway(id)
            try printer.object(gateway, gateway.members)
            guard !options.connection.json else { return }
            let history = try await client.events(of: id, page: PageQuery(limit: Self.historyLength))
            printer.note("")
            printer.show(Self.table(of: history.items.reversed()))
        }
    }

    private static let historyLength = 10

    private static func table(of history: some Sequence<EventBody>) -> Table {
        var table = Table("TIME", "EVENT", "BY", "DETAIL", yielding: ["DETAIL", "BY"])
        for event in history {
            table.add(event.time.short, event.kind, event.actor ?? event.orderedBy, event.detail)
        }
        return table
    }
}

extension GatewayBody {
    fileprivate var members: KeyValuePairs<String, String?> {
        [
            "gateway": id.rawValue, "name": name, "company": companyId?.rawValue,
            "claimed company": claimedCompanyId?.rawValue, "address": address,
            "latitude": latitude.map { "\($0)" }, "longitude": longitude.map { "\($0)" },
            "enabled": enabled.yesOrNo, "approved": approved.yesOrNo, "enrolled": enrolled.yesOrNo,
            "version": version?.description,
            "last upgrade": lastUpgrade?.short, "online": online.yesOrNo, "last seen": lastSeen?.short,
            "state": state?.rawValue, "target version": targetVersion?.description, "bad frames": String(badFrames),
            "reason": reason == explanation ? nil : reason, "not upgraded because": explanation,
        ]
    }
}
