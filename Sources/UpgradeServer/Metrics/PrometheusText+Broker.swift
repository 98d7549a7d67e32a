import MQTTBroker

extension PrometheusText {
    /// What happened since the start, as the broker counts it.
    private static let counters: [(name: String, help: String, value: any KeyPath<BrokerCounters, UInt64> & Sendable)] =
        [
            ("connections_accepted", "Connections that were accepted.", \.accepted),
            ("accept_pauses", "Times that accepting paused for too many unauthenticated connections.", \.acceptPauses),
            ("tls_failures", "TLS handshakes that failed.", \.tlsFailures),
            ("websocket_failures", "WebSocket connections that were refused before CONNECT.", \.webSocketFailures),
            ("connect_timeouts", "Connections closed because no CONNECT was granted in time.", \.connectTimeouts),
            ("connects_granted", "CONNECTs that were granted.", \.connected),
            ("connects_refused", "CONNECTs that were refused.", \.refused),
            ("protocol_errors", "Connections closed for breaking the protocol.", \.protocolErrors),
            ("publishes_received", "PUBLISH packets from gateways.", \.publishesReceived),
            ("publishes_refused", "PUBLISH packets that the rules refused.", \.publishesRefused),
            ("publishes_sent", "PUBLISH packets to gateways.", \.publishesSent),
            ("received_bytes", "Bytes read from sockets.", \.bytesReceived),
            ("sent_bytes", "Bytes written to sockets.", \.bytesSent),
        ]

    /// What there is now.
    private static let gauges: [(name: String, help: String, value: any KeyPath<BrokerCounters, Int> & Sendable)] = [
        ("connections", "Open connections.", \.connections),
        ("connections_unauthenticated", "Open connections whose CONNECT was not granted.", \.unauthenticated),
        ("connections_waiting", "Those of them that are not read yet: too many from one address.", \.waitingForConnect),
        ("sessions", "Sessions, those of absent clients included.", \.sessions),
        ("queued_messages", "Messages that wait for a gateway.", \.queuedMessages),
        ("queued_bytes", "Bytes of those messages.", \.queuedBytes),
    ]

    /// Adds the broker's families.
    mutating func add(_ broker: BrokerCounters) {
        for (name, help, value) in Self.counters {
            add("upgrade_manager_mqtt_\(name)_total", .counter, help: help, broker[keyPath: value])
        }
        add(
            "upgrade_manager_mqtt_dropped_total", .counter, help: "Messages that did not reach a gateway, by cause.",
            broker.dropped.sorted { "\($0.key)" < "\($1.key)" }.map { cause, count in
                .init(labels: [("cause", "\(cause)")], value: Double(count))
            })
        for (name, help, value) in Self.gauges {
            add("upgrade_manager_mqtt_\(name)", .gauge, help: help, broker[keyPath: value])
        }
    }
}
