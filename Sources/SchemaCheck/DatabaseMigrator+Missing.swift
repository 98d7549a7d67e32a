package import GRDB

extension DatabaseMigrator {
    /// The first table, column or index that the migrations applied to a database have made there, and that is not there as they made it; nil if all are.
    ///
    /// SQLite's own checks find nothing wrong with a column whose name has lost a bit. What else is there is left alone, and how the statements are
    /// written does not count. Costs some milliseconds: the migrations are applied to a database in memory.
    package func missing(from database: Database) throws -> String? {
        let applied = try appliedIdentifiers(database)
        guard let last = migrations.last(where: applied.contains) else { return nil }
        let model = try DatabaseQueue()
        try migrate(model, upTo: last)
        let present = Set(try Self.parts(of: database))
        return try model.read(Self.parts).first { !present.contains($0) }
    }

    private static func parts(of database: Database) throws -> [String] {
        try String.fetchAll(
            database,
            sql: """
                SELECT 'the column ' || part.name || ' of ' || owner.name
                    || ' (' || part.type || iif(part."notnull", ' NOT NULL', '') || iif(part.pk, ' key ' || part.pk, '') || ')'
                FROM sqlite_schema AS owner JOIN pragma_table_xinfo(owner.name) AS part
                WHERE owner.type = 'table' AND owner.name NOT LIKE 'sqlite_%'
                UNION ALL
                SELECT 'the index ' || owner.name || ' of ' || owner.tbl_name || ' (' || part.seqno || ': ' || ifnull(part.name, '') || ')'
                FROM sqlite_schema AS owner JOIN pragma_index_info(owner.name) AS part
                WHERE owner.type = 'index' AND owner.name NOT LIKE 'sqlite_%'
                """)
    }
}
