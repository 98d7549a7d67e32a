import GRDB

extension Store {
    /// Reads every page of the database and every reference between its rows: seconds for a large one.
    ///
    /// - Returns: What does not fit together, one line each; nothing if all is well.
    /// - Throws: ``DomainError/unavailable(_:)`` when the database does not answer.
    public func integrityProblems() async throws -> [String] {
        try await read { snapshot in
            let answers = try String.fetchAll(snapshot.database, sql: "PRAGMA integrity_check(5)")
            let references = try Row.fetchAll(snapshot.database, sql: "PRAGMA foreign_key_check").prefix(5)
            return answers.filter { $0 != "ok" }.map(oneLine)
                + references.map { row in
                    "a row of the table \(row["table"] as String) refers to one of \(row["parent"] as String) that is not there"
                }
        }
    }
}
