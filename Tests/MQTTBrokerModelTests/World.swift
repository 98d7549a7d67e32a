import CPosix
import Logging
import MQTTBroker
import MQTTBrokerStorage
import MQTTWire
import Synchronization

/// A broker and its clients, which do what a schedule says and note what happens.
///
/// All clients are on the thread of whoever runs it, so that the log is in one order; what the broker makes of what they send at once is its own.
final class World {
    struct Trouble: Error, CustomStringConvertible {
        let description: String
    }

    private static let patience = Duration.seconds(30)

    private let schedule: Schedule
    private let folder: Folder?
    private let start = ContinuousClock.now
    private var broker: Broker?
    private var store: (disk: DiskSessionStore, stalling: StallingStore)?
    private var port: UInt16 = 0
    private var isStalled = false
    private var clients: [ClientState]
    /// All connections whose end was not seen.
    private var links: [Link] = []
    private var connectionCount = 0
    private var subscriptionCount: UInt16 = 30_000
    /// What clients do wrong on purpose: `nil` for what is not noted.
    private let spoil: (Receipt) -> Receipt?
    private(set) var log: [Entry] = []

    init(_ schedule: Schedule, spoil: @escaping (Receipt) -> Receipt? = { $0 }) {
        self.schedule = schedule
        self.spoil = spoil
        folder = schedule.isStored ? Folder() : nil
        clients = Array(repeating: ClientState(), count: schedule.clients)
    }

    /// Runs the schedule and what it takes to see that nothing is missing; returns what happened.
    static func run(
        _ schedule: Schedule, spoil: @escaping (Receipt) -> Receipt? = { $0 }
    ) async -> [Entry] {
        let world = World(schedule, spoil: spoil)
        do {
            try world.startBroker()
            for step in schedule.steps {
                try await world.take(step)
                try world.pump()
            }
            try await world.collect()
        } catch {
            world.note(.trouble("\(error)"))
        }
        for link in world.links { link.close() }
        try? await world.stopBroker()
        return world.log
    }

    private func note(_ event: Event) { log.append(Entry(at: ContinuousClock.now - start, event: event)) }

    // MARK: The broker

    private func startBroker() throws {
        var configuration = BrokerConfiguration(listeners: [.init(port: 0)], loops: schedule.loops)
        configuration.sysInterval = .zero
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        if let folder {
            let disk = try DiskSessionStore(folder: folder.path, logger: logger)
            store = (disk, StallingStore(disk))
        }
        let broker = Broker(configuration: configuration, store: store?.stalling, logger: logger)
        guard let address = try broker.start().first else { throw Trouble(description: "the broker does not listen") }
        port = address.port
        self.broker = broker
    }

    /// Stops the broker, which waits a while for clients that do not close when it has.
    private func stopBroker() async throws {
        guard let broker else { return }
        let flag = Flag()
        let stopping = Task {
            await broker.stop()
            flag.raise()
        }
        while !flag.isRaised {
            try pump()
            try await Task.sleep(for: .microseconds(200))
        }
        await stopping.value
        self.broker = nil
        store?.disk.close()
        store = nil
    }

    private func restart(isCrash: Bool) async throws {
        if isCrash { store?.stalling.stall() } else { try pump() }
        note(.stopped(isCrash: isCrash))
        for link in links where !link.isReplaced {
            link.isReplaced = true
            note(.closed(link.number, .brokerStopped))
            // What a broker that has crashed in truth would not have sent.
            if isCrash { link.close() }
        }
        for index in clients.indices { clients[index].link = nil }
        try await stopBroker()
        try pump()
        for link in links { link.close() }
        links = []
        isStalled = false
        try startBroker()
        note(.started(keepsState: schedule.isStored))
    }

    // MARK: Steps

    private func take(_ step: Step) async throws {
        switch step {
        case .connect(let client, let choice): if !isStalled { try connect(client, choice) }
        case .disconnect(let client, let expiry, let keepsWill):
            if !isStalled { try disconnect(client, expiry, keepsWill) }
        case .drop(let client): drop(client)
        case .subscribe(let client, let choices, let identifier): try subscribe(client, choices, identifier)
        case .unsubscribe(let client, let filters): try unsubscribe(client, filters)
        case .publish(let client, let choice): try publish(client, choice)
        case .hold(let client): clients[client].isHolding = true
        case .release(let client): try release(client)
        case .settle: if !isStalled { try await settle() }
        case .wait(let milliseconds):
            if !isStalled { try await Task.sleep(for: .milliseconds(milliseconds)) }
        case .restart: try await restart(isCrash: isStalled)
        case .stall:
            guard let store else { return }
            store.stalling.stall()
            isStalled = true
        case .crash: try await restart(isCrash: schedule.isStored)
        }
    }

    private func connect(_ client: Int, _ choice: ConnectChoice) throws {
        connectionCount += 1
        guard let link = Link(number: connectionCount, client: client, choice: choice, port: port) else {
            throw Trouble(description: "c\(client) cannot connect")
        }
        note(.opened(link.number, client: client, choice))
        let older = clients[client].link
        if let older {
            older.isReplaced = true
            note(.closed(older.number, .takenOver))
        }
        try link.send(.connect(try choice.connect(client)))
        if let older {
            try wait("the end of a connection that was taken over") {
                try read(older)
                return older.hasEnded
            }
        }
        links.append(link)
        clients[client].link = link
        try wait("CONNACK for c\(client)") {
            try pump()
            return link.isGranted || link.hasEnded
        }
    }

    private func disconnect(_ client: Int, _ expiry: UInt32?, _ keepsWill: Bool) throws {
        guard let link = clients[client].link else { return }
        let isNew = link.choice.version.hasProperties
        let expiry = isNew && link.choice.expiry > 0 ? expiry : nil
        let keepsWill = isNew && keepsWill
        note(.closed(link.number, .goodbye(expiry: expiry, keepsWill: keepsWill)))
        link.isReplaced = true
        clients[client].link = nil
        try link.send(
            .disconnect(
                Disconnect(
                    reasonCode: keepsWill ? .disconnectWithWill : .normalDisconnection,
                    properties: try Properties(expiry.map { [.sessionExpiryInterval($0)] } ?? []))))
        try wait("the end of a connection after DISCONNECT") {
            try read(link)
            return link.hasEnded
        }
        links.removeAll { $0 === link }
    }

    private func drop(_ client: Int) {
        guard let link = clients[client].link else { return }
        note(.closed(link.number, .cut))
        link.close()
        links.removeAll { $0 === link }
        clients[client].link = nil
    }

    private func subscribe(_ client: Int, _ choices: [SubscriptionChoice], _ identifier: Int?) throws {
        guard let link = clients[client].link else { return }
        let version = link.choice.version
        let choices = choices.filter { version.hasSharedSubscriptions || !$0.filter.hasPrefix("$share") }.map {
            var choice = $0
            if !version.hasSubscriptionOptions { choice.options = SubscriptionOptions($0.options.maximumQoS) }
            return choice
        }
        guard !choices.isEmpty else { return }
        let identifier = version.hasProperties ? identifier : nil
        subscriptionCount += 1
        let subscriptions = try choices.map {
            Subscription(try TopicFilter($0.filter, version: version), $0.options)
        }
        note(.subscribed(link.number, packetID: subscriptionCount, choices, identifier: identifier))
        try link.send(
            .subscribe(
                Subscribe(
                    packetID: try PacketID(subscriptionCount), subscriptions: subscriptions,
                    properties: try Properties(identifier.map { [.subscriptionIdentifier($0)] } ?? []))))
    }

    private func unsubscribe(_ client: Int, _ filters: [String]) throws {
        guard let link = clients[client].link else { return }
        let version = link.choice.version
        let filters = filters.filter { version.hasSharedSubscriptions || !$0.hasPrefix("$share") }
        guard !filters.isEmpty else { return }
        subscriptionCount += 1
        note(.unsubscribed(link.number, packetID: subscriptionCount, filters))
        try link.send(
            .unsubscribe(
                Unsubscribe(
                    packetID: try PacketID(subscriptionCount),
                    filters: try filters.map { try TopicFilter($0, version: version) })))
    }

    private func publish(_ client: Int, _ choice: PublishChoice) throws {
        // Fewer than the Receive Maximum that the broker tells.
        guard let link = clients[client].link, clients[client].outgoing.count < 12 else { return }
        var packetID: PacketID?
        if choice.qos != .atMostOnce {
            let next = clients[client].nextPacketID
            packetID = next
            clients[client].nextPacketID = next.rawValue < 20_000 ? next.next : .first
            clients[client].outgoing.append(.init(choice: choice, packetID: next))
        }
        try send(choice, packetID, isDuplicate: false, link)
    }

    private func send(_ choice: PublishChoice, _ packetID: PacketID?, isDuplicate: Bool, _ link: Link) throws {
        note(.published(link.number, choice))
        var topic: TopicName? = try TopicName(choice.topic)
        var properties = Properties()
        if choice.usesAlias, link.choice.version.hasTopicAliases {
            if let alias = link.aliases[choice.topic] {
                topic = nil
                try properties.append(.topicAlias(alias))
            } else {
                let alias = UInt16(link.aliases.count + 1)
                link.aliases[choice.topic] = alias
                try properties.append(.topicAlias(alias))
            }
        }
        let head = PublishHead(
            flags: PublishFlags(qos: choice.qos, isDuplicate: isDuplicate, retain: choice.retain), topic: topic,
            packetID: packetID, properties: properties)
        try link.send(.publish(Publish(head: head, payload: choice.isEmpty ? [] : Payload.bytes(choice.number))))
    }

    private func release(_ client: Int) throws {
        clients[client].isHolding = false
        guard let link = clients[client].link else { return }
        let due = link.dueAnswers
        link.dueAnswers = []
        for packet in due { try give(packet, link) }
    }

    // MARK: What comes

    /// Takes what is there for all clients.
    private func pump() throws {
        for link in links { try read(link) }
        for link in links where link.hasEnded { link.close() }
        links.removeAll(where: \.hasEnded)
    }

    private func read(_ link: Link) throws {
        for packet in try link.read() { try take(packet, link) }
        guard link.hasEnded, !link.isReplaced else { return }
        link.isReplaced = true
        note(.closed(link.number, .broker(link.reason)))
        if clients[link.client].link === link { clients[link.client].link = nil }
    }

    private func take(_ packet: Packet, _ link: Link) throws {
        let client = link.client
        switch packet {
        case .connack(let connack): try granted(connack, link)
        case .publish(let publish): try take(publish, link)
        case .pubrel(let pubrel):
            clients[client].received.remove(pubrel.packetID)
            try answer(.pubcomp(Pubcomp(packetID: pubrel.packetID)), link)
        case .puback(let puback):
            guard let index = outgoing(puback.packetID, link, released: false) else { return }
            let choice = clients[client].outgoing.remove(at: index).choice
            guard choice.qos == .atLeastOnce else { return note(.trouble("PUBACK for \(choice)")) }
            note(.accepted(number: choice.number, puback.reasonCode))
        case .pubrec(let pubrec):
            guard let index = outgoing(pubrec.packetID, link, released: false) else { return }
            let choice = clients[client].outgoing[index].choice
            guard choice.qos == .exactlyOnce else { return note(.trouble("PUBREC for \(choice)")) }
            note(.accepted(number: choice.number, pubrec.reasonCode))
            guard !pubrec.reasonCode.isError else {
                clients[client].outgoing.remove(at: index)
                return
            }
            clients[client].outgoing[index].isReleased = true
            try answer(.pubrel(Pubrel(packetID: pubrec.packetID)), link)
        case .pubcomp(let pubcomp):
            guard let index = outgoing(pubcomp.packetID, link, released: true) else { return }
            clients[client].outgoing.remove(at: index)
        case .suback(let suback):
            note(.suback(link.number, packetID: suback.packetID.rawValue, suback.reasonCodes))
        case .unsuback(let unsuback): note(.unsuback(link.number, packetID: unsuback.packetID.rawValue))
        case .pingresp: link.unansweredPings -= 1
        case .disconnect(let disconnect): link.reason = disconnect.reasonCode
        default: note(.trouble("c\(client) got \(packet)"))
        }
    }

    private func outgoing(_ packetID: PacketID, _ link: Link, released: Bool) -> Int? {
        // What comes on a connection that was replaced is about what is sent again now.
        guard !link.isReplaced else { return nil }
        let found = clients[link.client].outgoing.firstIndex {
            $0.packetID == packetID && $0.isReleased == released
        }
        if found == nil { note(.trouble("c\(link.client) got an acknowledgement of \(packetID), which is not due")) }
        return found
    }

    private func granted(_ connack: Connack, _ link: Link) throws {
        guard connack.reasonCode == .success else {
            return note(.trouble("c\(link.client) got CONNACK \(connack.reasonCode)"))
        }
        link.isGranted = true
        note(.granted(link.number, sessionPresent: connack.sessionPresent))
        let client = link.client
        guard connack.sessionPresent else {
            (clients[client].outgoing, clients[client].received) = ([], [])
            return
        }
        for outgoing in clients[client].outgoing {
            if outgoing.isReleased {
                try link.send(.pubrel(Pubrel(packetID: outgoing.packetID)))
            } else {
                try send(outgoing.choice, outgoing.packetID, isDuplicate: true, link)
            }
        }
    }

    private func take(_ publish: Publish, _ link: Link) throws {
        let head = publish.head
        var topic = head.topic?.text
        if let alias = head.properties.topicAlias {
            if let topic { link.topics[alias] = topic } else { topic = link.topics[alias] }
            if alias > link.choice.aliases { note(.trouble("c\(link.client) got topic alias \(alias)")) }
        }
        let (number, isWhole) = Payload.read(publish.payload)
        var receipt = Receipt(
            number: number, isWhole: isWhole, topic: topic ?? "", qos: head.flags.qos, retain: head.flags.retain,
            isDuplicate: head.flags.isDuplicate, packetID: head.packetID?.rawValue, isRepeated: false,
            identifiers: head.properties.subscriptionIdentifiers)
        if let packetID = head.packetID, head.flags.qos == .exactlyOnce {
            receipt.isRepeated = !clients[link.client].received.insert(packetID).inserted
        }
        if let receipt = spoil(receipt) { note(.received(link.number, receipt)) }
        guard let packetID = head.packetID else { return }
        let isLast = head.flags.qos == .atLeastOnce
        try answer(isLast ? .puback(Puback(packetID: packetID)) : .pubrec(Pubrec(packetID: packetID)), link)
    }

    private func answer(_ packet: Packet, _ link: Link) throws {
        guard !link.isReplaced else { return }
        if clients[link.client].isHolding { link.dueAnswers.append(packet) } else { try give(packet, link) }
    }

    private func give(_ packet: Packet, _ link: Link) throws {
        switch packet {
        case .puback(let puback): note(.answered(link.number, packetID: puback.packetID.rawValue))
        case .pubcomp(let pubcomp): note(.answered(link.number, packetID: pubcomp.packetID.rawValue))
        default: break
        }
        try link.send(packet)
    }

    // MARK: Waiting

    private func wait(_ what: String, until isSo: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + Self.patience
        while try !isSo() {
            guard ContinuousClock.now < deadline else { throw Trouble(description: "\(what) did not come") }
            usleep(100)
        }
    }

    /// Waits until a round of everything brings nothing new: what clients sent is read, what loops handed over is dealt with, what is to be durable is, and
    /// what clients are sent is here.
    private func settle() async throws {
        let deadline = ContinuousClock.now + Self.patience
        var before = -1
        while true {
            guard ContinuousClock.now < deadline else { throw Trouble(description: "the broker does not settle") }
            for link in links {
                link.unansweredPings += 1
                try link.send(.pingreq(Pingreq()))
            }
            try wait("PINGRESP") {
                try pump()
                return links.allSatisfy { $0.unansweredPings == 0 }
            }
            // Each goes through every loop once.
            for _ in 0..<3 { _ = await broker?.unacknowledgedBytes(of: []) }
            if let store { try wait("the disk") { store.stalling.isIdle } }
            for _ in 0..<2 { _ = await broker?.unacknowledgedBytes(of: []) }
            if log.count == before { break }
            before = log.count
        }
        note(.settled(taking: Set(links.filter { !clients[$0.client].isHolding }.map(\.number))))
    }

    /// Brings every session's client back, so that it gets what waits for it, and looks at what is left when all have gone.
    private func collect() async throws {
        if isStalled { try await restart(isCrash: true) }
        for client in clients.indices { try release(client) }
        try await settle()
        for client in clients.indices where clients[client].link == nil {
            try connect(client, ConnectChoice(cleanStart: false, expiry: 3600))
        }
        try await settle()
        try await checkLeftovers()
    }

    private func checkLeftovers() async throws {
        for client in clients.indices {
            try connect(client, ConnectChoice())
            try disconnect(client, nil, false)
        }
        try await settle()
        guard let left = broker?.snapshot else { return }
        let figures = [
            ("sessions", left.sessions), ("subscriptions", left.subscriptions),
            ("bytes of subscriptions", left.subscriptionBytes), ("bytes of wills", left.willBytes),
            ("queued messages", left.queuedMessages), ("queued bytes", left.queuedBytes),
            ("messages in flight", left.inFlightMessages), ("unsent bytes", left.unsentBytes),
            ("clients", left.clients), ("unauthenticated", left.unauthenticated),
        ]
        for (name, figure) in figures where figure != 0 { note(.trouble("\(figure) \(name) are left")) }
        if left.retainedMessages == 0, left.bufferedBytes != 0 {
            note(.trouble("\(left.bufferedBytes) buffered bytes are left"))
        }
    }
}

extension ConnectChoice {
    fileprivate func connect(_ client: Int) throws -> Connect {
        var properties: [Property] = []
        if version.hasProperties {
            properties.append(.sessionExpiryInterval(expiry))
            if let receiveMaximum { properties.append(.receiveMaximum(receiveMaximum)) }
            if aliases > 0 { properties.append(.topicAliasMaximum(aliases)) }
        }
        let will = try will.map {
            Will(
                topic: try TopicName($0.topic), payload: Payload.bytes($0.number), qos: $0.qos, retain: $0.retain,
                properties: try Properties($0.delay > 0 ? [.willDelayInterval($0.delay)] : []))
        }
        return Connect(
            version: version, clientID: try ClientID("c\(client)"), cleanStart: cleanStart, keepAlive: 0, will: will,
            properties: try Properties(properties))
    }
}

private final class Flag: Sendable {
    private let state = Atomic<Bool>(false)

    var isRaised: Bool { state.load(ordering: .acquiring) }
    func raise() { state.store(true, ordering: .releasing) }
}

/// The payload of a message tells its number, and some of it is long.
enum Payload {
    static func bytes(_ number: Int) -> [UInt8] {
        [UInt8]("m\(number) ".utf8)
            + [UInt8](repeating: UInt8(number & 0x7F), count: number % 7 == 0 ? 9000 : number % 7)
    }

    static func read(_ bytes: [UInt8]) -> (number: Int?, isWhole: Bool) {
        guard !bytes.isEmpty else { return (nil, true) }
        let digits = bytes.dropFirst().prefix { $0 != UInt8(ascii: " ") }
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return (nil, false) }
        return (number, bytes == Self.bytes(number))
    }
}
