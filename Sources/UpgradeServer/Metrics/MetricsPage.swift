import MQTTBroker
import MQTTWire
import UpgradeCore
import UpgradeProtocol

/// What `/metrics` says: the fleet, the broker and the HTTP side in numbers.
struct MetricsPage: Sendable {
    let gateways: GatewayService
    let engine: UpgradeEngine
    let link: BrokerLink
    let requests: RequestCounters
    let certificate: CertificateInForce

    func text() async throws -> String {
        var page = PrometheusText()
        let fleet = try await gateways.summary(as: .operator)
        page.add("upgrade_manager_gateways", .gauge, help: "Gateways that are known.", fleet.total)
        page.add("upgrade_manager_gateways_online", .gauge, help: "Gateways that are connected.", fleet.online)
        page.add(
            "upgrade_manager_gateway_versions", .gauge, help: "Gateways by the version that they report.",
            fleet.versions.sorted { ($0.key?.millionths ?? 0) < ($1.key?.millionths ?? 0) }.map { version, count in
                .init(labels: [("version", version?.description ?? "none")], value: Double(count))
            })
        page.add(
            "upgrade_manager_gateway_upgrades", .gauge, help: "Gateways by the state of their last upgrade.",
            fleet.states.sorted { ($0.key?.rawValue ?? "") < ($1.key?.rawValue ?? "") }.map { state, count in
                .init(labels: [("state", state?.rawValue ?? "none")], value: Double(count))
            })
        page.add(
            "upgrade_manager_gateways_turned_away_total", .counter,
            help: "STATUS messages of unknown gateways for which there was no place in quarantine.",
            engine.counters.turnedAway)
        addBroker(to: &page)
        if let certificate = certificate.certificate {
            page.add(
                "upgrade_manager_certificate_expiry_timestamp_seconds", .gauge,
                help: "When the server's certificate expires, in Unix time.", certificate.notAfter)
        }
        page.add(
            "upgrade_manager_http_requests_total", .counter, help: "HTTP requests by route, method and status.",
            requests.samples)
        return page.text
    }

    private func addBroker(to page: inout PrometheusText) {
        let counters = link.counters
        let counts: [(String, PrometheusText.Kind, String, UInt64)] = [
            ("connections_accepted_total", .counter, "Connections that were accepted.", counters.accepted),
            ("connects_granted_total", .counter, "CONNECTs that were granted.", counters.connected),
            ("connects_refused_total", .counter, "CONNECTs that were refused.", counters.refused),
            (
                "connect_timeouts_total", .counter, "Connections closed because no CONNECT came in time.",
                counters.connectTimeouts
            ),
            ("tls_failures_total", .counter, "TLS handshakes that failed.", counters.tlsFailures),
            (
                "protocol_errors_total", .counter, "Connections closed for breaking the protocol.",
                counters.protocolErrors
            ),
            ("publishes_received_total", .counter, "PUBLISH packets from gateways.", counters.publishesReceived),
            ("publishes_refused_total", .counter, "PUBLISH packets that the rules refused.", counters.publishesRefused),
            ("publishes_sent_total", .counter, "PUBLISH packets to gateways.", counters.publishesSent),
            ("received_bytes_total", .counter, "Bytes read from sockets.", counters.bytesReceived),
            ("sent_bytes_total", .counter, "Bytes written to sockets.", counters.bytesSent),
            ("connections", .gauge, "Open connections.", UInt64(counters.connections)),
            (
                "connections_unauthenticated", .gauge, "Open connections whose CONNECT was not granted yet.",
                UInt64(counters.unauthenticated)
            ),
            ("sessions", .gauge, "Sessions, those of absent clients included.", UInt64(counters.sessions)),
            ("queued_messages", .gauge, "Messages that wait for a gateway.", UInt64(counters.queuedMessages)),
            ("queued_bytes", .gauge, "Bytes of those messages.", UInt64(counters.queuedBytes)),
        ]
        for (name, kind, help, value) in counts { page.add("upgrade_manager_mqtt_\(name)", kind, help: help, value) }
        page.add(
            "upgrade_manager_mqtt_dropped_total", .counter, help: "Messages that did not reach a gateway, by cause.",
            counters.dropped.sorted { "\($0.key)" < "\($1.key)" }.map { cause, count in
                .init(labels: [("cause", "\(cause)")], value: Double(count))
            })
    }
}
