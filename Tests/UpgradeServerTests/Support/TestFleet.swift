import Testing
import UpgradeServer

/// Ids that pages must not be harmed by, all of company 2.
enum HostileID {
    static let markup = #"<b>"x'\#u{202E}&"#
    static let spaced = "gw 2?a=b%2F"

    static let all = [markup, spaced, ".", ".."]
}

/// A fleet of two companies and the releases 1.0 and 1.2, with everybody who may log in; nobody is connected.
func withFleet(
    and others: [(gateway: String, company: String)] = [], _ body: (Server.Endpoints) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        var configuration = ServerConfiguration.onFreePorts(in: folder)
        configuration.plaintext = true
        try await withServer(on: configuration) { server in
            try await server.addPeople()
            for (gateway, company) in [("gw2", "2"), ("gw3", "3")] + HostileID.all.map({ ($0, "2") }) + others {
                try await withClient(gateway, of: server) { client in
                    try await client.reportStatus(gateway, company: company)
                }
            }
            for version in ["1.0", "1.2"] {
                let release = try await server.send("PUT", "/api/v1/releases/\(version)", bytes: [1])
                #expect(release.status == 201)
            }
        }
        configuration.plaintext = false
        try await withServer(on: configuration, body)
    }
}
