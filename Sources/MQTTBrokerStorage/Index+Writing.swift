import GRDB
import MQTTBroker
import MQTTWire

extension Index {
    /// Writes what is pending, within a transaction, and the operating time if it is to be.
    func write(to database: Database, time: Int64?) throws {
        func run(_ sql: String, _ values: [(any DatabaseValueConvertible)?]) throws {
            let statement = try database.cachedStatement(sql: sql)
            statement.setUncheckedArguments(StatementArguments(values))
            try statement.execute()
        }
        if let time { try run("UPDATE clock SET milliseconds = ?", [time]) }
        for id in pending.endedSessions {
            try run("DELETE FROM session WHERE id = ?", [id])
            try run("DELETE FROM subscription WHERE session = ?", [id])
            try run("DELETE FROM received WHERE session = ?", [id])
        }
        for id in pending.sessions {
            guard let session = sessions[id] else { continue }
            try run(
                "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    id, session.clientID.text, session.owner.rawValue, session.expiry, session.absentSince,
                    try session.will.map { try Coding.will($0) }, session.will?.remoteAddress,
                    session.will.map { Int64($0.protocolVersion.rawValue) },
                ])
        }
        for (id, changes) in pending.subscriptions {
            for (filter, subscription) in changes {
                if let subscription {
                    try run(
                        "INSERT OR REPLACE INTO subscription VALUES (?, ?, ?, ?, ?)",
                        [
                            id, filter.isShared ? 1 : 0, String(decoding: filter.bytes, as: UTF8.self),
                            Coding.options(subscription.options), subscription.identifier,
                        ])
                } else {
                    try run(
                        "DELETE FROM subscription WHERE session = ? AND isShared = ? AND filter = ?",
                        [id, filter.isShared ? 1 : 0, String(decoding: filter.bytes, as: UTF8.self)])
                }
            }
        }
        for (id, changes) in pending.received {
            for (packetID, message) in changes {
                if let message {
                    try run(
                        "INSERT OR REPLACE INTO received VALUES (?, ?, ?)",
                        [id, Int64(packetID.rawValue), Int64(clamping: message)])
                } else {
                    try run("DELETE FROM received WHERE session = ? AND packet = ?", [id, Int64(packetID.rawValue)])
                }
            }
        }
        for id in pending.removedMessages { try run("DELETE FROM message WHERE id = ?", [Int64(clamping: id)]) }
        for kept in pending.messages.values {
            let message = kept.message
            try run(
                "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    Int64(clamping: message.id), Coding.flags(message.qos, retain: message.retain),
                    message.expiresIn?.milliseconds, kept.deadline, message.publisher?.text,
                    try Coding.head(of: message), Coding.payload(of: message),
                ])
        }
        for id in pending.removedDeliveries { try run("DELETE FROM delivery WHERE id = ?", [id]) }
        for (id, stage) in pending.stages {
            let (number, packetID) = Self.columns(stage)
            if case .released = stage {
                try run(
                    "UPDATE delivery SET stage = ?, packet = ?, message = NULL WHERE id = ?", [number, packetID, id])
            } else {
                try run("UPDATE delivery SET stage = ?, packet = ? WHERE id = ?", [number, packetID, id])
            }
        }
        // Rows of rising ids go to the end of the table.
        for (id, row) in pending.deliveries.sorted(by: { $0.key < $1.key }) {
            let (number, packetID) = Self.columns(row.stage)
            try run(
                "INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    id, row.session, row.message.map { Int64(clamping: $0) },
                    Coding.flags(row.qos, retain: row.retain),
                    row.identifiers.isEmpty ? nil : row.identifiers.map(String.init).joined(separator: " "),
                    number, packetID,
                ])
        }
        for (topic, message) in pending.retained {
            if let message {
                try run("INSERT OR REPLACE INTO retained VALUES (?, ?)", [topic.text, Int64(clamping: message)])
            } else {
                try run("DELETE FROM retained WHERE topic = ?", [topic.text])
            }
        }
        for (message, isOpen) in pending.parts {
            try run(
                isOpen ? "INSERT OR IGNORE INTO part VALUES (?)" : "DELETE FROM part WHERE message = ?",
                [Int64(clamping: message)])
        }
    }

    private static func columns(_ stage: StoredDelivery.Stage) -> (stage: Int64, packet: Int64?) {
        switch stage {
        case .queued: (0, nil)
        case .sent(let packetID): (1, Int64(packetID.rawValue))
        case .released(let packetID): (2, Int64(packetID.rawValue))
        }
    }
}
