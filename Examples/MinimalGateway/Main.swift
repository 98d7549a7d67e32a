import MQTTWire
import UpgradeGateway
import UpgradeProtocol

/// A whole gateway: `minimal-gateway HOST PORT GATEWAY-ID COMPANY-ID FOLDER [CA-FILE] [--once]`.
///
/// With the file of an authority's certificate it speaks TLS and trusts servers that the authority vouches for; without, plain MQTT.
/// It installs what the cloud orders at once, keeps what it downloads for later, and remembers its version over a restart. With `--once` it ends after the first
/// upgrade.
@main
struct MinimalGateway {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().filter { $0 != "--once" }
        let endsAfterUpgrade = CommandLine.arguments.contains("--once")
        guard 5...6 ~= arguments.count, let port = UInt16(arguments[1]) else {
            return print("usage: minimal-gateway HOST PORT GATEWAY-ID COMPANY-ID FOLDER [CA-FILE] [--once]")
        }
        let folder = arguments[4]
        let authority = arguments.count == 6 ? arguments[5] : nil

        var configuration = GatewayConfiguration(
            gatewayID: try GatewayID(arguments[2]), companyID: try CompanyID(arguments[3]),
            version: try Version("0.5"), host: arguments[0], port: port,
            tls: try authority.map { try TLSClientContext(trust: .authority(file: $0)) })
        configuration.stateFile = StateFile(path: "\(folder)/state.json")
        configuration.downloads = .requestDownloadOfLatest

        let (upgrades, upgraded) = AsyncStream.makeStream(of: Version.self)
        let agent = GatewayAgent(configuration) { event in
            print(event)
            if case .reported(let status) = event, status.timestamp != nil { upgraded.yield(status.version) }
        } install: { executable in
            // What you do here is your device's own. This example's executables are their version as text.
            try executable.write(to: "\(folder)/program")
            return try Version(String(decoding: executable, as: UTF8.self))
        } keep: { executable in
            // To install it later: agent.install(Executable(contentsOf: "\(folder)/kept"))
            try executable.write(to: "\(folder)/kept")
        }

        try await withThrowingTaskGroup { group in
            group.addTask { try await agent.run() }
            if endsAfterUpgrade {
                group.addTask { for await _ in upgrades { break } }
            }
            try await group.next()
            group.cancelAll()
        }
    }
}
