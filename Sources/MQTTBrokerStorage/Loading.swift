import DequeModule
import FoundationEssentials
import GRDB
import MQTTBroker
import MQTTWire

/// Reads the tables: for the broker, and for the writer that goes on with them.
///
/// Times go on from what was left of them when the operating time was last written.
enum Loading {
    static func load(_ database: Database) throws -> (Index, StoredState, time: Int64) {
        var index = Index()
        let time = try Row.fetchOne(database, sql: "SELECT milliseconds FROM clock")
        guard let now = try time.map({ try CheckedRow(row: $0).number(0) }), now >= 0 else {
            throw CheckedRow.Nonsense(column: 0)
        }
        var stored = try sessions(database, &index, now: now)
        let messages = try messages(database, &index, now: now)
        let parts = Set(
            try Row.fetchAll(database, sql: "SELECT message FROM part").map { try CheckedRow(row: $0).messageID(0) })
        for part in parts { index.pending.parts[part] = false }
        try subscriptions(database, &stored)
        for row in try Row.fetchAll(
            database, sql: "SELECT session, packet, message FROM received ORDER BY session, packet")
        {
            let row = CheckedRow(row: row)
            let (session, packetID) = (try row.number(0), try row.packetID(1))
            let message = try row.messageID(2)
            if parts.contains(message) {
                index.pending.received[session, default: [:]][packetID] = .some(nil)
            } else {
                stored[session]?.received.append(packetID)
                // The broker may give another message that number: this one is complete.
                if message != 0 { index.pending.received[session, default: [:]][packetID] = .some(0) }
            }
        }
        try deliveries(database, &index, &stored, messages, parts)
        var state = StoredState(sessions: Array(stored.values))
        for row in try Row.fetchAll(database, sql: "SELECT topic, message FROM retained") {
            let row = CheckedRow(row: row)
            let id = try row.messageID(1)
            guard let topic = try? TopicName(try row.text(0)), let message = messages[id], message.topic == topic else {
                throw CheckedRow.Nonsense(column: 1)
            }
            guard message.expiresIn != .zero else {
                index.pending.retained[topic] = .some(nil)
                continue
            }
            index.retained[topic] = id
            index.references[id, default: 0] += 1
            state.retained.append(message)
        }
        // Of what a cut-off publication left, no delivery counts.
        for id in messages.keys where index.references[id] == nil {
            index.pending.removedMessages.insert(id)
            index.expiring.remove(id)
        }
        return (index, state, now)
    }

    private static func sessions(
        _ database: Database, _ index: inout Index, now: Int64
    ) throws -> [Int64: StoredSession] {
        var stored: [Int64: StoredSession] = [:]
        let rows = try Row.fetchAll(
            database, sql: "SELECT id, client, owner, expiry, absent, will, willAddress, willVersion FROM session")
        for row in rows {
            let row = CheckedRow(row: row)
            let id = try row.number(0)
            guard 0..<Int64.max ~= id, let client = try? ClientID(try row.text(1)) else {
                throw CheckedRow.Nonsense(column: 1)
            }
            let expiry = try row.optionalNumber(3)
            guard expiry ?? 0 >= 0 else { throw CheckedRow.Nonsense(column: 3) }
            let absent = try row.optionalNumber(4)
            let gone = absent.map { max(0, now.subtractingReportingOverflow($0).partialValue) } ?? 0
            var session = StoredSession(
                clientID: client, owner: ClientIdentity(rawValue: try row.text(2)),
                expiresIn: expiry.map { .milliseconds(max(0, $0 - gone)) })
            if let data = try row.optionalData(5) {
                guard let (will, userName) = Coding.will(data), let number = UInt8(exactly: try row.number(7)),
                    let version = ProtocolVersion(rawValue: number)
                else { throw CheckedRow.Nonsense(column: 5) }
                let delay = Int64(will.properties.willDelayInterval ?? 0) * 1000
                session.will = StoredWill(
                    will: will, userName: userName, remoteAddress: try row.text(6), protocolVersion: version,
                    delayLeft: absent.map { _ in .milliseconds(max(0, delay - gone)) })
            }
            stored[id] = session
            index.ids[client] = id
            index.sessions[id] = Index.Session(
                clientID: client, owner: session.owner, expiry: expiry, absentSince: absent ?? now, will: session.will,
                isWritten: true)
            if index.sessions[id]?.isRunning ?? false { index.runningSessions += 1 }
            // Its client went with the process.
            if absent == nil { index.pending.sessions.insert(id) }
            index.lastSession = max(index.lastSession, id)
        }
        return stored
    }

    private static func subscriptions(_ database: Database, _ stored: inout [Int64: StoredSession]) throws {
        for row in try Row.fetchAll(
            database, sql: "SELECT session, isShared, filter, options, identifier FROM subscription")
        {
            let row = CheckedRow(row: row)
            let identifier = try row.optionalNumber(4)
            guard let options = Coding.options(try row.number(3)),
                let filter = try? TopicFilter(try row.text(2), version: try row.number(1) == 1 ? .v5_0 : .v3_1_1),
                identifier.map({ 1...Int64(MQTTLimits.maximumVariableByteInteger) ~= $0 }) ?? true
            else { throw CheckedRow.Nonsense(column: 2) }
            stored[try row.number(0)]?.subscriptions.append(
                StoredSubscription(filter: filter, options: options, identifier: identifier.map { Int($0) }))
        }
    }

    private static func messages(
        _ database: Database, _ index: inout Index, now: Int64
    ) throws -> [UInt64: StoredMessage] {
        var messages: [UInt64: StoredMessage] = [:]
        let rows = try Row.fetchCursor(
            database, sql: "SELECT id, flags, expiry, deadline, publisher, head, payload FROM message")
        while let next = try rows.next() {
            let row = CheckedRow(row: next)
            let id = try row.messageID(0)
            guard let (qos, retain) = Coding.flags(try row.number(1)),
                let (topic, properties) = Coding.head(try row.data(5))
            else { throw CheckedRow.Nonsense(column: 5) }
            var expiresIn: Duration?
            if let expiry = try row.optionalNumber(2), let deadline = try row.optionalNumber(3) {
                let left = deadline.subtractingReportingOverflow(now)
                expiresIn = .milliseconds(max(0, min(max(0, expiry), left.overflow ? .max : left.partialValue)))
                index.expiring.insert(id)
            }
            let payload = try row.data(6)
            messages[id] = StoredMessage(
                id: id, topic: topic,
                body: SharedSlice(SharedBytes(count: payload.count) { bytes in _ = payload.copyBytes(to: bytes) }),
                qos: qos, retain: retain, properties: properties, expiresIn: expiresIn,
                publisher: try row.optionalText(4).map { try row.some(try? ClientID($0), 4) })
        }
        return messages
    }

    private static func deliveries(
        _ database: Database, _ index: inout Index, _ stored: inout [Int64: StoredSession],
        _ messages: [UInt64: StoredMessage], _ parts: Set<UInt64>
    ) throws {
        // What a delivery is given whose message is no longer needed.
        let nothing = StoredMessage(
            id: 0, topic: try TopicName("-"), body: SharedSlice(.empty), qos: .exactlyOnce, retain: false,
            properties: Properties(), expiresIn: nil, publisher: nil)
        let rows = try Row.fetchCursor(
            database, sql: "SELECT id, session, message, flags, identifiers, stage, packet FROM delivery ORDER BY id")
        while let next = try rows.next() {
            let row = CheckedRow(row: next)
            let (id, session) = (try row.number(0), try row.number(1))
            guard 0..<Int64.max ~= id, let (qos, retain) = Coding.flags(try row.number(3)) else {
                throw CheckedRow.Nonsense(column: 3)
            }
            index.lastDelivery = max(index.lastDelivery, id)
            let message: StoredMessage?
            switch try row.optionalNumber(2) {
            case nil: message = nil
            case .some: message = try row.some(messages[try row.messageID(2)], 2)
            }
            if stored[session] == nil || message.map({ parts.contains($0.id) }) ?? false {
                index.pending.removedDeliveries.append(id)
                continue
            }
            let stage: StoredDelivery.Stage
            switch (try row.number(5), message) {
            case (0, .some(let message)):
                stage = .queued
                index.sessions[session]?.queued[message.id, default: []].append(id)
            case (1, .some): stage = .sent(try row.packetID(6))
            case (2, _): stage = .released(try row.packetID(6))
            default: throw CheckedRow.Nonsense(column: 5)
            }
            switch stage {
            case .queued: break
            case .sent(let packetID), .released(let packetID):
                let before = index.sessions[session]?.inFlight.updateValue(id, forKey: packetID)
                guard before == nil else { throw CheckedRow.Nonsense(column: 6) }
            }
            if let message {
                index.messageOf[id] = message.id
                index.references[message.id, default: 0] += 1
            }
            let identifiers = try (try row.optionalText(4) ?? "").split(separator: " ").map { text in
                let number = try row.some(Int(text), 4)
                guard 1...MQTTLimits.maximumVariableByteInteger ~= number else { throw CheckedRow.Nonsense(column: 4) }
                return number
            }
            stored[session]?.deliveries.append(
                StoredDelivery(
                    message: message ?? nothing, qos: qos, retain: retain, identifiers: identifiers, stage: stage))
        }
    }
}
