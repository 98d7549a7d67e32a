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
        ON CONFLICT (gateway_id, kind, hour) WHERE hour IS NOT NULL DO UPDATE
        SET count = count + 1, time = excluded.time, detail = excluded.detail, company_id = excluded.company_id,
            deployment_id = excluded.deployment_id
        RETURNING \(columns)
        """

    /// The newest first.
    func list(_ filter: EventFilter, in scope: Scope, _ request: PageRequest) throws -> Page<Event> {
        let list = KeysetList(
            columns: Self.columns, source: "event", conditions: filter.conditions(in: scope), key: "id",
            keyIsNumber: true, descending: true)
        return try database.page(list, request, item: Event.init(row:), cursor: { Cursor(key: $0.id) })
    }

    /// The oldest first, for a listener that was away.
    func list(after id: Int64, in scope: Scope, limit: Int) throws -> [Event] {
        let conditions = EventFilter().conditions(in: scope).and("id > ?", id)
        let sql = "SELECT \(Self.columns) FROM event \(conditions.clause) ORDER BY id LIMIT \(limit)"
        return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: conditions.arguments)
            .map(Event.init(row:))
    }

    func exists(_ id: Int64, in scope: Scope) throws -> Bool {
        let conditions = EventFilter().conditions(in: scope).and("id = ?", id)
        let sql = "SELECT count(*) FROM event \(conditions.clause)"
        return try Int.fetchOne(database.cachedStatement(sql: sql), arguments: conditions.arguments) == 1
    }

    func insert(_ draft: EventDraft, at time: Timestamp) throws -> Event {
        let detail = TextRules.cut(draft.detail, toBytes: TextRules.detailLength)
        let hour = draft.kind.coalesces && draft.gatewayID != nil ? time.milliseconds / 3_600_000 : nil
        let row = try Row.fetchOne(
            database.cachedStatement(sql: Self.insertion),
            arguments: [
                time.milliseconds, draft.kind.rawValue, draft.actor, draft.gatewayID?.rawValue,
                draft.companyID?.rawValue, draft.deploymentID?.rawValue, detail, hour,
            ])
        guard let row else { throw DomainError.unavailable("the event log did not take an event") }
        return try Event(row: row)
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
