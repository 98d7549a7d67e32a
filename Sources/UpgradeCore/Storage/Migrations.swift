import GRDB

/// Every change of the tables, in order. A migration that was released is never edited: append another.
enum Migrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 first tables") { database in
            try database.execute(sql: "PRAGMA application_id = \(Soundness.applicationID)")
            try database.execute(sql: firstTables)
        }
        migrator.registerMigration("2 identities") { database in
            try database.execute(sql: identityTables)
        }
        migrator.registerMigration("3 API tokens") { database in
            try database.execute(sql: apiTokenTable)
        }
        migrator.registerMigration("4 figure indexes") { database in
            try database.execute(sql: figureIndexes)
        }
        migrator.registerMigration("5 events by their latest time") { database in
            try database.execute(sql: eventIndexes)
        }
        return migrator
    }
}
