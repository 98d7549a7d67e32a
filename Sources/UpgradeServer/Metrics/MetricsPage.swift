import UpgradeCore
import UpgradeProtocol

/// What `/metrics` says: the fleet, the broker and the HTTP side in numbers.
struct MetricsPage: Sendable {
    let store: Store
    let gateways: GatewayService
    let engine: UpgradeEngine
    let link: BrokerLink
    let requests: RequestCounters
    /// When the server's certificate expires, in Unix seconds; nil where nothing is served over TLS.
    let certificateExpiry: @Sendable () -> Int64?

    func text() async throws -> String {
        var page = PrometheusText()
        page.add(try await gateways.summary(as: .operator))
        page.add(
            "upgrade_manager_gateways_turned_away_total", .counter,
            help: "STATUS messages of unknown gateways for which there was no place in quarantine.",
            engine.counters.turnedAway)
        page.add(
            "upgrade_manager_database_commits_total", .counter,
            help: "Transactions of the database: what arrives while one runs shares the next.", store.commits)
        page.add(link.counters)
        page.add(
            "upgrade_manager_http_requests_total", .counter, help: "HTTP requests by route, method and status.",
            requests.samples)
        if let expiry = certificateExpiry() {
            page.add(
                "upgrade_manager_certificate_expiry_timestamp_seconds", .gauge,
                help: "When the server's certificate expires, in Unix seconds.", expiry)
        }
        return page.text
    }
}

extension PrometheusText {
    fileprivate mutating func add(_ fleet: FleetSummary) {
        add("upgrade_manager_gateways", .gauge, help: "Gateways that are known.", fleet.total)
        add("upgrade_manager_gateways_online", .gauge, help: "Gateways that are connected.", fleet.online)
        add(
            "upgrade_manager_gateways_quarantined", .gauge, help: "Gateways that wait to be approved.",
            fleet.quarantined)
        add(
            "upgrade_manager_gateway_versions", .gauge, help: "Gateways by the version that they report.",
            fleet.versions.sorted { ($0.key?.millionths ?? 0) < ($1.key?.millionths ?? 0) }.map { version, count in
                .init(labels: [("version", version?.description ?? "none")], value: Double(count))
            })
        add(
            "upgrade_manager_gateway_upgrades", .gauge, help: "Gateways by the state of their last upgrade.",
            fleet.states.sorted { ($0.key?.rawValue ?? "") < ($1.key?.rawValue ?? "") }.map { state, count in
                .init(labels: [("state", state?.rawValue ?? "none")], value: Double(count))
            })
    }
}
