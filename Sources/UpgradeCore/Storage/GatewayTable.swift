import GRDB
import UpgradeProtocol

/// The gateways. The columns that tell of a gateway's newest upgrade are kept by triggers on the upgrade table.
struct GatewayTable {
    let database: Database

    /// In the order in which ``Gateway/init(columns:)`` reads them.
    static let columns = """
        id, company_id, claimed_company_id, name, address, latitude, longitude, enabled, version, last_upgrade, online, \
        last_seen, bad_frames, bad_frame_at, latest_deployment_id, upgrade_state, target_version, upgrade_reason, \
        EXISTS (SELECT 1 FROM gateway_credential WHERE gateway_id = gateway.id) AS enrolled
        """

    private static let byID = "SELECT \(columns) FROM gateway WHERE id = ?"

    func find(_ id: GatewayID, in scope: Scope) throws -> Gateway? {
        let gateway = try database.cachedStatement(sql: Self.byID).one([id.rawValue], Gateway.init(columns:))
        guard let gateway,
            scope.contains(company: gateway.companyID, claimedCompany: gateway.claimedCompanyID)
        else { return nil }
        return gateway
    }

    /// By id.
    func list(_ filter: GatewayFilter, in scope: Scope, _ request: PageRequest) throws -> Page<Gateway> {
        let list = KeysetList(
            columns: Self.columns, source: "gateway", conditions: filter.conditions(in: scope), key: "id")
        return try database.page(
            list, request, items: { try $0.all($1, Gateway.init(columns:)) }, cursor: { Cursor(key: $0.id.rawValue) })
    }

    /// The first ones, by id.
    func first(_ limit: Int, _ filter: GatewayFilter, in scope: Scope) throws -> [Gateway] {
        let conditions = filter.conditions(in: scope)
        let sql = "SELECT \(Self.columns) FROM gateway \(conditions.clause) ORDER BY id LIMIT ?"
        return try database.cachedStatement(sql: sql).all(conditions.arguments + [limit], Gateway.init(columns:))
    }

    /// Calls `body` with every gateway that the filter lets through, one at a time, by id.
    func forEach(_ filter: GatewayFilter, in scope: Scope, _ body: (Gateway) throws -> Void) throws {
        let conditions = filter.conditions(in: scope)
        let sql = "SELECT \(Self.columns) FROM gateway \(conditions.clause) ORDER BY id"
        _ = try database.cachedStatement(sql: sql).all(conditions.arguments) { try body(Gateway(columns: $0)) }
    }

    /// How many gateways report each version; nil stands for those that have reported none.
    func versions(_ filter: GatewayFilter, in scope: Scope) throws -> [Version?: Int] {
        try counts(by: "version", filter, in: scope) { try $0.optionalVersion("key") }
    }

    /// How many gateways have their newest upgrade in each state; nil stands for those that were never upgraded.
    func states(_ filter: GatewayFilter, in scope: Scope) throws -> [UpgradeState?: Int] {
        try counts(by: "upgrade_state", filter, in: scope) { try $0.optionalName("key") }
    }

    func count(_ filter: GatewayFilter, in scope: Scope) throws -> Int {
        let conditions = filter.conditions(in: scope)
        return try Int.fetchOne(
            database.cachedStatement(sql: "SELECT count(*) FROM gateway \(conditions.clause)"),
            arguments: conditions.arguments) ?? 0
    }

    /// How many gateways of each company the filter lets through, by company; of companies after `company` alone, and of `limit` at most.
    /// Those in quarantine belong to none.
    func tallies(
        _ filter: GatewayFilter, in scope: Scope, after company: CompanyID? = nil, limit: Int
    ) throws -> [(company: Company, tally: GatewayTally)] {
        var filter = filter
        filter.approved = true
        var conditions = filter.conditions(in: scope)
        if let company { conditions.require("seen_by_company_id > ?", company.rawValue) }
        let sql = """
            SELECT company.id, company.name, company.registered, tally.total, tally.online, tally.pending
            FROM (SELECT seen_by_company_id AS company_id, \(Self.tally) FROM gateway \(conditions.clause)
                GROUP BY seen_by_company_id ORDER BY seen_by_company_id LIMIT ?) AS tally
            CROSS JOIN company ON company.id = tally.company_id
            ORDER BY company.id
            """
        return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: conditions.arguments + [limit])
            .map { (try Company(row: $0), GatewayTally(row: $0)) }
    }

    /// How many gateways the filter lets through.
    func tally(_ filter: GatewayFilter, in scope: Scope) throws -> GatewayTally {
        let conditions = filter.conditions(in: scope)
        let sql = "SELECT \(Self.tally) FROM gateway \(conditions.clause)"
        return try Row.fetchOne(database.cachedStatement(sql: sql), arguments: conditions.arguments)
            .map(GatewayTally.init(row:)) ?? GatewayTally()
    }

    private static let tally = """
        count(*) AS total, coalesce(sum(online), 0) AS online, coalesce(sum(upgrade_state = 'pending'), 0) AS pending
        """

    static let countInQuarantine = "SELECT count(*) FROM (SELECT 1 FROM gateway WHERE company_id IS NULL LIMIT ?)"

    func count() throws -> Int { try Int.fetchOne(database, sql: "SELECT count(*) FROM gateway") ?? 0 }

    /// Those whose newest upgrade ended when a backup was restored.
    func countCancelledByRestore() throws -> Int {
        try Int.fetchOne(
            database,
            sql: "SELECT count(*) FROM gateway WHERE upgrade_state = 'cancelled' AND upgrade_reason = ?",
            arguments: [Restore.reason]) ?? 0
    }

    /// How many are in quarantine, as far as `limit`.
    func countInQuarantine(upTo limit: Int) throws -> Int {
        try Int.fetchOne(database.cachedStatement(sql: Self.countInQuarantine), arguments: [limit]) ?? 0
    }

    private func counts<Key: Hashable>(
        by column: String, _ filter: GatewayFilter, in scope: Scope, key: (Row) throws -> Key
    ) throws -> [Key: Int] {
        let conditions = filter.conditions(in: scope)
        let sql = "SELECT \(column) AS key, count(*) AS count FROM gateway \(conditions.clause) GROUP BY \(column)"
        var counts: [Key: Int] = [:]
        let rows = try Row.fetchCursor(database.cachedStatement(sql: sql), arguments: conditions.arguments)
        while let row = try rows.next() { counts[try key(row)] = row["count"] }
        return counts
    }

    // MARK: What people change

    /// Adds a gateway, with what its first STATUS said if that is what made it known.
    func insert(
        _ id: GatewayID, company: CompanyID?, claimed: CompanyID?, version: Version? = nil,
        lastUpgrade: Timestamp? = nil,
        online: Bool = false, lastSeen: Timestamp? = nil, at time: Timestamp
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO gateway (id, company_id, claimed_company_id, seen_by_company_id, name, version, last_upgrade,
                    online, last_seen, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            id.rawValue, company?.rawValue, claimed?.rawValue, (company ?? claimed)?.rawValue, "New Gateway \(id)",
            version?.stored, lastUpgrade?.milliseconds, online, lastSeen?.milliseconds, time.milliseconds,
        ])
    }

    /// Writes what people say of a gateway: its company, name, address, place, and whether it is enabled.
    func update(_ gateway: Gateway) throws {
        try database.cachedStatement(
            sql: """
                UPDATE gateway
                SET company_id = ?1, seen_by_company_id = coalesce(?1, claimed_company_id), name = ?2, address = ?3,
                    latitude = ?4, longitude = ?5, enabled = ?6
                WHERE id = ?7
                """
        ).execute(arguments: [
            gateway.companyID?.rawValue, gateway.name, gateway.address, gateway.latitude, gateway.longitude,
            gateway.enabled, gateway.id.rawValue,
        ])
    }

    /// Forgets a gateway, its upgrades and its credential; its events stay.
    func delete(_ id: GatewayID) throws {
        try database.cachedStatement(sql: "DELETE FROM gateway WHERE id = ?").execute(arguments: [id.rawValue])
    }

    /// Writes the version that another system knew; the gateway itself has reported nothing yet.
    func recordImportedVersion(_ version: Version, of id: GatewayID) throws {
        try database.cachedStatement(sql: "UPDATE gateway SET version = ? WHERE id = ?")
            .execute(arguments: [version.stored, id.rawValue])
    }

    // MARK: What gateways do

    /// Writes what a STATUS says. A STATUS without a time leaves the last one.
    func recordStatus(
        _ id: GatewayID, version: Version, lastUpgrade: Timestamp?, claimed: CompanyID, at time: Timestamp
    ) throws {
        try database.cachedStatement(
            sql: """
                UPDATE gateway
                SET version = ?1, last_upgrade = coalesce(?2, last_upgrade), claimed_company_id = ?3,
                    seen_by_company_id = coalesce(company_id, ?3), last_seen = ?4
                WHERE id = ?5
                """
        ).execute(arguments: [
            version.stored, lastUpgrade?.milliseconds, claimed.rawValue, time.milliseconds, id.rawValue,
        ])
    }

    func recordPresence(_ id: GatewayID, online: Bool, at time: Timestamp) throws {
        try database.cachedStatement(sql: "UPDATE gateway SET online = ?, last_seen = ? WHERE id = ?")
            .execute(arguments: [online, time.milliseconds, id.rawValue])
    }

    /// Writes that it was heard of.
    func recordHeard(_ id: GatewayID, at time: Timestamp) throws {
        try database.cachedStatement(sql: "UPDATE gateway SET last_seen = ? WHERE id = ?")
            .execute(arguments: [time.milliseconds, id.rawValue])
    }

    /// At a start nobody is connected.
    func recordAllOffline() throws {
        try database.execute(sql: "UPDATE gateway SET online = 0 WHERE online = 1")
    }

    func countBadFrame(_ id: GatewayID, at time: Timestamp) throws {
        try database.cachedStatement(
            sql: "UPDATE gateway SET bad_frames = bad_frames + 1, bad_frame_at = ? WHERE id = ?"
        ).execute(arguments: [time.milliseconds, id.rawValue])
    }
}

extension DatabaseAccess {
    var gateways: GatewayTable { GatewayTable(database: database) }
}

extension GatewayFilter {
    func conditions(in scope: Scope) -> Conditions {
        var conditions = Conditions()
        if case .company(let own, let claims) = scope {
            conditions.require("seen_by_company_id = ?", own.rawValue)
            if !claims { conditions.require("company_id IS NOT NULL") }
        }
        if let company { conditions.require("seen_by_company_id = ?", company.rawValue) }
        if let versions { conditions.require("version", isOneOf: versions.map(\.stored)) }
        if let states { conditions.require("upgrade_state", isOneOf: states.map(\.rawValue)) }
        if let online { conditions.require(online ? "online = 1" : "online = 0") }
        if let enabled { conditions.require(enabled ? "enabled = 1" : "enabled = 0") }
        if let approved { conditions.require(approved ? "company_id IS NOT NULL" : "company_id IS NULL") }
        if let deployment {
            conditions.require(
                "id IN (SELECT gateway_id FROM upgrade WHERE deployment_id = ?)", deployment.rawValue)
        }
        if let search, !search.isEmpty {
            let pattern = Self.pattern(containing: search)
            conditions.require(
                #"(id LIKE ? ESCAPE '\' OR name LIKE ? ESCAPE '\' OR address LIKE ? ESCAPE '\')"#, pattern, pattern,
                pattern)
        }
        return conditions
    }

    private static func pattern(containing text: String) -> String {
        var pattern = "%"
        for scalar in text.unicodeScalars {
            if scalar == "%" || scalar == "_" || scalar == #"\"# { pattern += #"\"# }
            pattern.unicodeScalars.append(scalar)
        }
        return pattern + "%"
    }
}

extension GatewayTally {
    fileprivate init(row: Row) {
        self.init(total: row["total"], online: row["online"], pending: row["pending"])
    }
}

extension Gateway {
    /// A row of ``GatewayTable/columns``.
    init(columns: ColumnReader) throws {
        self.init(
            id: try GatewayID(columns.value(0)), companyID: try columns.optional(1).map { try CompanyID($0) },
            claimedCompanyID: try columns.optional(2).map { try CompanyID($0) }, name: try columns.value(3),
            address: columns.optional(4), latitude: columns.optional(5), longitude: columns.optional(6),
            enabled: try columns.value(7), enrolled: try columns.value(18), version: try columns.version(8),
            lastUpgrade: columns.timestamp(9), online: try columns.value(10), lastSeen: columns.timestamp(11),
            badFrames: try columns.value(12), lastBadFrame: columns.timestamp(13),
            lastUpgradeOrder: try LastUpgrade(columns: columns))
    }
}

extension Gateway.LastUpgrade {
    fileprivate init?(columns: ColumnReader) throws {
        guard let deployment = columns.optional(14, as: Int64.self) else { return nil }
        guard let state = UpgradeState(rawValue: try columns.value(15)), let version = try columns.version(16) else {
            throw DomainError.unavailable("the database holds an upgrade that this version cannot read")
        }
        self.init(
            deploymentID: DeploymentID(rawValue: deployment), state: state, targetVersion: version,
            reason: columns.optional(17))
    }
}
