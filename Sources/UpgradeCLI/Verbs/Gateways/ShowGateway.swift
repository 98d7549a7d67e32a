import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl gateway show ID`
struct ShowGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one gateway.")

    @Argument(help: ArgumentHelp("The gateway.", valueName: "id"), transform: Parse.gatewayID)
    var id: GatewayID

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let gateway = try await options.connection.withDaemon { try await $0.gateway(id) }
        try Printer(options.connection).object(gateway, gateway.members)
    }
}

extension GatewayBody {
    fileprivate var members: KeyValuePairs<String, String?> {
        [
            "gateway": id.rawValue, "name": name, "company": companyId?.rawValue,
            "claimed company": claimedCompanyId?.rawValue, "address": address,
            "latitude": latitude.map { "\($0)" }, "longitude": longitude.map { "\($0)" },
            "enabled": enabled.yesOrNo, "approved": approved.yesOrNo, "version": version?.description,
            "last upgrade": lastUpgrade?.short, "online": online.yesOrNo, "last seen": lastSeen?.short,
            "state": state?.rawValue, "target version": targetVersion?.description, "bad frames": String(badFrames),
            "reason": reason,
        ]
    }
}
