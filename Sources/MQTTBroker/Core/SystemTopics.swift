import MQTTWire

/// What the broker tells about itself below `$SYS/broker`, under the names that operators know from other brokers.
///
/// The values are made when somebody subscribes, and again at every interval for as long as somebody does; nothing is kept of them. They go out at
/// QoS 0, so that they neither wait for absent clients nor reach a session store.
struct SystemTopics {
    private static func figures(_ counters: BrokerCounters) -> [(name: String, value: String)] {
        [
            ("clients/connected", "\(counters.clients)"),
            ("clients/disconnected", "\(counters.sessions - counters.clients)"),
            ("clients/total", "\(counters.sessions)"),
            ("clients/maximum", "\(counters.clientsMaximum)"),
            ("clients/expired", "\(counters.sessionsExpired)"),
            ("messages/received", "\(counters.packetsReceived)"),
            ("messages/sent", "\(counters.packetsSent)"),
            ("messages/stored", "\(counters.storedMessages)"),
            ("messages/inflight", "\(counters.inFlightMessages)"),
            ("store/messages/count", "\(counters.storedMessages)"),
            ("store/messages/bytes", "\(counters.bufferedBytes)"),
            ("publish/messages/received", "\(counters.publishesReceived)"),
            ("publish/messages/sent", "\(counters.publishesSent)"),
            ("publish/messages/dropped", "\(counters.dropped.values.reduce(0, +))"),
            ("publish/bytes/received", "\(counters.payloadBytesReceived)"),
            ("publish/bytes/sent", "\(counters.payloadBytesSent)"),
            ("bytes/received", "\(counters.bytesReceived)"),
            ("bytes/sent", "\(counters.bytesSent)"),
            ("retained messages/count", "\(counters.retainedMessages)"),
            ("subscriptions/count", "\(counters.subscriptions)"),
            ("shared_subscriptions/count", "\(counters.sharedSubscriptions)"),
        ] + (counters.store.map(figures) ?? [])
    }

    private static func figures(_ store: StoreFigures) -> [(name: String, value: String)] {
        [
            ("persistence/sessions", "\(store.sessions)"), ("persistence/messages", "\(store.messages)"),
            ("persistence/bytes", "\(store.bytes)"), ("persistence/commits", "\(store.commits)"),
            ("persistence/failures", "\(store.failures)"),
        ]
    }

    /// What was said last, so that only what has changed is said again.
    private var last: [TopicName: String] = [:]

    /// All values, in no order that matters.
    static func values(_ counters: BrokerCounters, version: String, uptime: Duration) -> [(TopicName, String)] {
        let values = figures(counters) + [("version", version), ("uptime", "\(uptime.components.seconds) seconds")]
        return values.compactMap { name, value in
            (try? TopicName("$SYS/broker/" + name)).map { ($0, value) }
        }
    }

    /// Those of the values that differ from the last ones given.
    mutating func changed(_ values: [(TopicName, String)]) -> [(TopicName, String)] {
        values.filter { last.updateValue($0.1, forKey: $0.0) != $0.1 }
    }
}

extension BrokerCounters {
    fileprivate var storedMessages: Int { queuedMessages + inFlightMessages + retainedMessages }
}

extension TopicBytes {
    private static let systemLevel = [UInt8]("$SYS".utf8)

    /// Whether the bytes of a topic or filter are the broker's own to publish to.
    static func areSystems(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.prefix { $0 != UInt8(ascii: "/") }.elementsEqual(systemLevel)
    }
}

extension TopicName {
    /// Whether only the broker speaks there.
    var isSystems: Bool { TopicBytes.areSystems(bytes) }
}

extension TopicFilter {
    /// Whether it asks for what the broker tells about itself. A wildcard in the first level does not [MQTT-4.7.2-1].
    var isForSystem: Bool { TopicBytes.areSystems(bytes[matchedRange]) }
}

extension Shard {
    private var systemValues: [(TopicName, String)] {
        var snapshot = BrokerCounters()
        for shard in peers { shard.counters.add(to: &snapshot) }
        core.add(to: &snapshot)
        return SystemTopics.values(snapshot, version: core.version, uptime: loop.now - core.start)
    }

    private func message(_ topic: TopicName, _ value: String) -> Message {
        Message(
            id: core.nextMessageID(), topic: topic, body: SharedSlice(SharedBytes([UInt8](value.utf8))),
            qos: .atMostOnce, retain: true, endsWithConnection: true)
    }

    /// What a new subscriber gets at once, as if it were retained.
    func systemMessages(matching filter: TopicFilter) -> [Message] {
        guard core.sysInterval > .zero, filter.isForSystem else { return [] }
        return systemValues.filter { filter.matches($0.0) }.map { message($0.0, $0.1) }
    }

    /// Begins to publish, on the first loop, unless that is being done.
    func publishSystemTopics() {
        guard core.sysInterval > .zero, systemTimer == nil, !isStopping else { return }
        systemTimer = loop.schedule(after: core.sysInterval) { [unowned self] in
            systemTimer = nil
            guard core.hasSystemSubscriptions else {
                systemTopics = SystemTopics()
                return
            }
            for (topic, value) in systemTopics.changed(systemValues) {
                let interested = core.interest.loops(for: topic)
                if interested != 0 { route(message(topic, value), to: interested) }
            }
            publishSystemTopics()
        }
    }
}
