import Foundation
import ProgramSupport
import Testing

/// Descriptors, of which strangers must not have all.
@Suite("A daemon that may have few descriptors", .timeLimit(.minutes(5)))
struct DescriptorTests {
    @Test("Strangers leave enough of them to people, gateways and the database")
    func strangers() async throws {
        try await Daemon.with(limitedBy: "-n 300") { daemon in
            let known = try await FieldGateway.known("gw2", to: daemon)
            let strangers = try Strangers(400, to: daemon.mqttPort)
            #expect(try await unauthenticated(daemon) { (50..<150).contains($0) })
            try await known.reportStatus("0.6", qos: 1)
            #expect(try await daemon.umctl("gateway", "list").output.contains("gw2"))
            #expect(try await daemon.metrics().contains("\nupgrade_manager_mqtt_accept_pauses_total"))
            strangers.leave()
            _ = try await FieldGateway.known("gw3", to: daemon)
        }
    }

    @Test("So do people's browsers and whoever else speaks to the page")
    func visitors() async throws {
        try await Daemon.with(limitedBy: "-n 300") { daemon in
            let port = try #require(daemon.http.split(separator: ":").last.flatMap { UInt16($0) })
            let visitors = try Strangers(400, to: port)
            _ = try await FieldGateway.known("gw2", to: daemon)
            let path = "\(daemon.data)/umd.sock"
            let ready = try await Program.run(
                "/usr/bin/curl", ["-s", "--max-time", "20", "--unix-socket", path, "http://localhost/readyz"])
            #expect(ready.status == 0)
            visitors.leave()
            let answer = try await Program.run("/usr/bin/curl", ["-s", "--max-time", "20", "\(daemon.http)/healthz"])
            #expect(answer.status == 0)
        }
    }

    @Test("A soft limit is raised as far as the hard one lets it be")
    func softLimit() async throws {
        try await Daemon.with(limitedBy: "-Sn 100") { daemon in
            let strangers = try Strangers(200, to: daemon.mqttPort)
            #expect(try await unauthenticated(daemon) { $0 == 200 })
            strangers.leave()
        }
    }

    // Whether there is such a number of them before they are closed for saying nothing.
    private func unauthenticated(_ daemon: Daemon, _ isRight: (Int) -> Bool) async throws -> Bool {
        try await poll(within: .seconds(8)) {
            let name = "\nupgrade_manager_mqtt_connections_unauthenticated "
            guard let value = try await daemon.metrics().split(separator: name).dropFirst().first else { return false }
            return isRight(Int(value.prefix { $0.isNumber }) ?? 0)
        }
    }
}
