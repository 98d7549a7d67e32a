import MQTTBroker

extension PrometheusText {
    /// What happened since the start, as the broker counts it.
    private static let counters: [(name: String, help: String, value: any KeyPath<BrokerCounters, UInt64> & Sendable)] =
        [
            ("connections_accepted", "Connections that were accepted.", \.accepted),
            (
                "connections_refused", "Connections closed at once because there were as many as there may be.",
                \.connectionsRefused
            ),
            ("accept_pauses", "Times that accepting paused for too many unauthenticated connections.", \.acceptPauses),
            (
                "descriptor_pauses", "Times that accepting paused because no descriptor was left.", \.descriptorPauses
            ),
            ("tls_failures", "TLS handshakes that failed.", \.tlsFailures),
            ("websocket_failures", "WebSocket connections that were refused before CONNECT.", \.webSocketFailures),
            ("connect_timeouts", "Connections closed because no CONNECT was granted in time.", \.connectTimeouts),
            ("connects_granted", "CONNECTs that were granted.", \.connected),
            ("connects_refused", "CONNECTs that were refused.", \.refused),
            ("takeovers", "Connections that a newer one of the same client id ended.", \.takeovers),
            ("keep_alive_timeouts", "Connections closed because nothing was heard.", \.keepAliveTimeouts),
            ("write_stalls", "Connections closed because the client took no byte.", \.writeStalls),
            (
                "authentication_timeouts", "Connections closed because a re-authentication was not done in time.",
                \.authenticationTimeouts
            ),
            ("sessions_expired", "Sessions of absent clients whose time was up.", \.sessionsExpired),
            ("sessions_refused", "CONNECTs refused for too many sessions or wills.", \.sessionsRefused),
            ("subscriptions_refused", "Subscriptions refused for their number or size.", \.subscriptionsRefused),
            ("retained_refused", "Retained messages that were not kept for lack of room.", \.retainedRefused),
            ("publisher_pauses", "Times that a publisher was not read because queues were full.", \.publisherPauses),
            ("answer_pauses", "Times that a client was not read because it took no answers.", \.answerPauses),
            ("protocol_errors", "Connections closed for breaking the protocol.", \.protocolErrors),
            ("packets_received", "Packets from clients.", \.packetsReceived),
            ("packets_sent", "Packets to clients.", \.packetsSent),
            ("publishes_received", "PUBLISH packets from gateways.", \.publishesReceived),
            ("publishes_refused", "PUBLISH packets that the rules refused.", \.publishesRefused),
            ("publishes_sent", "PUBLISH packets to gateways.", \.publishesSent),
            (
                "payload_received_bytes", "Bytes of the messages in PUBLISH packets from gateways.",
                \.payloadBytesReceived
            ),
            ("payload_sent_bytes", "Bytes of the messages in PUBLISH packets to gateways.", \.payloadBytesSent),
            ("received_bytes", "Bytes read from sockets.", \.bytesReceived),
            ("sent_bytes", "Bytes written to sockets.", \.bytesSent),
        ]

    /// What there is now.
    private static let gauges: [(name: String, help: String, value: any KeyPath<BrokerCounters, Int> & Sendable)] = [
        ("connections", "Open connections.", \.connections),
        ("connections_unauthenticated", "Open connections whose CONNECT was not granted.", \.unauthenticated),
        ("connections_waiting", "Those of them that are not read yet: too many from one address.", \.waitingForConnect),
        ("clients", "Clients that are connected.", \.clients),
        ("clients_maximum", "The most that were connected at once.", \.clientsMaximum),
        ("subscriptions", "Subscriptions of all sessions.", \.subscriptions),
        ("shared_subscriptions", "Shared ones among them.", \.sharedSubscriptions),
        ("subscription_bytes", "Bytes that subscriptions take.", \.subscriptionBytes),
        ("will_bytes", "Bytes of the wills of connected and absent clients.", \.willBytes),
        ("retained_messages", "Retained messages.", \.retainedMessages),
        ("retained_bytes", "Bytes that retained messages take.", \.retainedBytes),
        ("sessions", "Sessions, those of absent clients included.", \.sessions),
        ("queued_messages", "Messages that wait for a gateway.", \.queuedMessages),
        ("queued_bytes", "Bytes of those messages.", \.queuedBytes),
        ("inflight_messages", "Messages that were sent and are not acknowledged.", \.inFlightMessages),
        ("unsent_bytes", "Bytes that connections have ready and clients have not taken.", \.unsentBytes),
        ("buffered_bytes", "Bytes of clients' messages that are held, each counted once.", \.bufferedBytes),
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
        if let store = broker.store { add(store) }
    }

    private mutating func add(_ store: StoreFigures) {
        let prefix = "upgrade_manager_mqtt_store_"
        add(prefix + "commits_total", .counter, help: "Transactions of the sessions' store.", store.commits)
        add(
            prefix + "commit_seconds_total", .counter, help: "The time that they took.",
            [.init(labels: [], value: store.commitTime / .seconds(1))])
        add(prefix + "failures_total", .counter, help: "Transactions that failed and are tried again.", store.failures)
        add(prefix + "sessions", .gauge, help: "Sessions that are stored, or have a will stored.", store.sessions)
        add(prefix + "messages", .gauge, help: "Messages that are stored, each once.", store.messages)
        add(prefix + "bytes", .gauge, help: "Bytes of the store's files.", store.bytes)
    }
}
