import GRDB

/// One domain transaction, while a ``Store/write(_:)`` closure runs: reads what the closures before it wrote.
public final class Transaction: DatabaseAccess {
    let database: Database
    /// The one time of everything that this transaction writes.
    let time: Timestamp
    /// What is announced once the transaction is durable.
    var changes = ChangeSet()

    init(database: Database, time: Timestamp) {
        self.database = database
        self.time = time
    }
}
