import GRDB
import UpgradeProtocol

/// The log of everything that happened. Rows are appended by the transaction that made it happen, and never changed but
/// for being counted up.
struct EventTable {
    let database: Database

    private static let columns = "id, time, kind, actor, gateway_id, company_id, deployment_id, detail, count"

    private static let insertion = """
        INSERT INTO event (time, kind, actor, gateway_id, company_id, deployment_id, detail, hour)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    /// Of the few rows of one gateway, kind and hour, the one that says the same to the same people.
    private static let countingUp = """
        UPDATE event SET count = count + 1, time = ?
        WHERE gateway_id = ? AND kind = ? AND hour = ? AND detail = ? AND actor IS ? AND company_id IS ?
            AND deployment_id IS ?
        RETURNING id, count
        """
    private static let removal = """
        DELETE FROM event WHERE id IN (SELECT id FROM event INDEXED BY event_by_time WHERE time < ? ORDER BY time LIMIT ?)
        """
    private static let counting = "SELECT count(*) FROM event WHERE gateway_id = ? AND kind = ? AND hour = ?"

    /// What stands for those beyond ``TextRules/detailsPerHour``.
    static let others = "others in this hour, too many to tell one by one"

    /// What happened last, first. A row that is counted up moves to the front, as a new one would stand there.
    func list(_ filter: EventFilter, in scope: Scope, _ request: PageRequest) throws -> Page<Event> {
        try database.page(
            Self.list(filter, in: scope), request, item: Event.init(row:),
            cursor: { Cursor(key: $0.time.milliseconds, tieBreaker: $0.id) })
    }

    static func list(_ filter: EventFilter, in scope: Scope) -> KeysetList {
        KeysetList(
            columns: columns, source: "event", conditions: filter.conditions(in: scope), key: "time",
            keyIsNumber: true, tieBreaker: "id", descending: true)
    }

    /// A part of the list in the order of the numbers, the greatest first: however long somebody takes to read one part after the other, and whatever is
    /// counted up meanwhile, each row is in exactly one.
    func batch(_ filter: EventFilter, in scope: Scope, below id: Int64, limit: Int) throws -> [Event] {
        let conditions = filter.conditions(in: scope).and("id < ?", id)
        // No index: the parts together are one walk over the table.
        let sql = """
            SELECT \(Self.columns) FROM event NOT INDEXED \(conditions.clause) ORDER BY id DESC LIMIT \(limit)
            """
        return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: conditions.arguments)
            .map(Event.init(row:))
    }

    /// The oldest first, for a listener that was away.
    func list(after id: Int64, in scope: Scope, limit: Int) throws -> [Event] {
        let conditions = EventFilter().conditions(in: scope).and("id > ?", id)
        let sql = "SELECT \(Self.columns) FROM event \(conditions.clause) ORDER BY id LIMIT \(limit)"
        return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: conditions.arguments)
            .map(Event.init(row:))
    }

    /// The time of the latest.
    func newest() throws -> Timestamp? {
        try Int64.fetchOne(database, sql: "SELECT max(time) FROM event").map(Timestamp.init(milliseconds:))
    }

    func exists(_ id: Int64, in scope: Scope) throws -> Bool {
        let conditions = EventFilter().conditions(in: scope).and("id = ?", id)
        let sql = "SELECT count(*) FROM event \(conditions.clause)"
        return try Int.fetchOne(database.cachedStatement(sql: sql), arguments: conditions.arguments) == 1
    }

    /// Removes the oldest of those that happened last before `time`, and returns how many there were.
    func removeOldest(_ limit: Int, before time: Timestamp) throws -> Int {
        try database.cachedStatement(sql: Self.removal).execute(arguments: [time.milliseconds, limit])
        return database.changesCount
    }

    func insert(_ draft: EventDraft, at time: Timestamp) throws -> Event {
        var draft = draft
        draft.detail = TextRules.cut(draft.detail, toBytes: TextRules.detailLength)
        let hour = draft.kind.coalesces && draft.gatewayID != nil ? time.milliseconds / 3_600_000 : nil
        if let hour {
            if let event = try countUp(draft, hour, at: time) { return event }
            let details = try Int.fetchOne(
                database.cachedStatement(sql: Self.counting),
                arguments: [draft.gatewayID?.rawValue, draft.kind.rawValue, hour])
            if let details, details >= TextRules.detailsPerHour {
                draft.detail = Self.others
                if let event = try countUp(draft, hour, at: time) { return event }
            }
        }
        try database.cachedStatement(sql: Self.insertion).execute(arguments: [
            time.milliseconds, draft.kind.rawValue, draft.actor, draft.gatewayID?.rawValue, draft.companyID?.rawValue,
            draft.deploymentID?.rawValue, draft.detail, hour,
        ])
        return Event(draft, id: database.lastInsertedRowID, time: time, count: 1)
    }

    /// Nil when nothing equal has happened in the hour.
    private func countUp(_ draft: EventDraft, _ hour: Int64, at time: Timestamp) throws -> Event? {
        try database.cachedStatement(sql: Self.countingUp).one([
            time.milliseconds, draft.gatewayID?.rawValue, draft.kind.rawValue, hour, draft.detail, draft.actor,
            draft.companyID?.rawValue, draft.deploymentID?.rawValue,
        ]) { Event(draft, id: try $0.value(0), time: time, count: try $0.value(1)) }
    }
}

extension DatabaseAccess {
    var events: EventTable { EventTable(database: database) }
}

extension Transaction {
    /// Writes an event, which is announced when the transaction is durable.
    @discardableResult
    func append(_ draft: EventDraft) throws -> Event {
        let event = try events.insert(draft, at: time)
        changes.add(event)
        return event
    }
}

extension Event {
    /// What was written of a draft.
    fileprivate init(_ draft: EventDraft, id: Int64, time: Timestamp, count: Int64) {
        self.init(
            id: id, time: time, kind: draft.kind, actor: draft.actor, gatewayID: draft.gatewayID,
            companyID: draft.companyID, deploymentID: draft.deploymentID, detail: draft.detail, count: count)
    }

    fileprivate init(row: Row) throws {
        self.init(
            id: row["id"], time: row.timestamp("time"), kind: try row.name("kind"), actor: row["actor"],
            gatewayID: try row.optionalGatewayID("gateway_id"), companyID: try row.optionalCompanyID("company_id"),
            deploymentID: (row["deployment_id"] as Int64?).map(DeploymentID.init(rawValue:)), detail: row["detail"],
            count: row["count"])
    }
}

extension EventFilter {
    fileprivate func conditions(in scope: Scope) -> Conditions {
        var conditions = Conditions()
        if case .company(let own, claims: _) = scope { conditions.require("company_id = ?", own.rawValue) }
        if let company { conditions.require("company_id = ?", company.rawValue) }
        if let gateway { conditions.require("gateway_id = ?", gateway.rawValue) }
        if let user { conditions.require("actor = ?", user) }
        if let deployment { conditions.require("deployment_id = ?", deployment.rawValue) }
        if let kinds {
            // Names of our own enumeration: nothing to escape.
            let names = kinds.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
            conditions.require("kind IN (\(names))")
        }
        if let since { conditions.require("time >= ?", since.milliseconds) }
        if let until { conditions.require("time < ?", until.milliseconds) }
        return conditions
    }
}
