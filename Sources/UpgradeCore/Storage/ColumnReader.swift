import GRDB
import UpgradeProtocol

/// A row while its statement stands on it, read by the numbers of its columns.
///
/// GRDB's `Row` is read by names, and makes a dictionary of them whenever a statement is executed, even if there is no row: for the 19 columns of a gateway
/// that was two thirds of the time of a look-up. The engine looks a gateway up for nearly everything that it does.
struct ColumnReader {
    fileprivate let statement: SQLiteStatement

    /// The value; nil for NULL.
    func optional<Value: StatementColumnConvertible>(_ column: CInt, as type: Value.Type = Value.self) -> Value? {
        Value.fromStatement(statement, atUncheckedIndex: column)
    }

    func value<Value: StatementColumnConvertible>(_ column: CInt, as type: Value.Type = Value.self) throws -> Value {
        guard let value = optional(column, as: Value.self) else {
            throw DomainError.unavailable("the database holds a value that this version cannot read")
        }
        return value
    }

    func timestamp(_ column: CInt) -> Timestamp? {
        optional(column, as: Int64.self).map { Timestamp(milliseconds: $0) }
    }

    func version(_ column: CInt) throws -> Version? {
        guard let stored = optional(column, as: Int64.self) else { return nil }
        guard let millionths = UInt64(exactly: stored), let version = Version(millionths: millionths) else {
            throw DomainError.unavailable("the database holds a version that this version cannot read")
        }
        return version
    }
}

extension Statement {
    /// Executes the statement; returns what `element` makes of each row.
    func all<Element>(_ arguments: StatementArguments, _ element: (ColumnReader) throws -> Element) throws -> [Element]
    {
        try setArguments(arguments)
        let rows = ColumnCursor(self)
        var elements: [Element] = []
        do {
            // To its end: that resets the statement.
            while let row = try rows.next() { elements.append(try element(row)) }
        } catch {
            // So does this.
            try? setArguments(arguments)
            throw error
        }
        return elements
    }

    /// Executes a statement that has one row at most.
    func one<Element>(_ arguments: StatementArguments, _ element: (ColumnReader) throws -> Element) throws -> Element? {
        try all(arguments, element).first
    }
}

private final class ColumnCursor: DatabaseCursor {
    typealias Element = ColumnReader
    let _statement: Statement
    var _isDone = false

    init(_ statement: Statement) { _statement = statement }

    func _element(sqliteStatement: SQLiteStatement) -> ColumnReader { ColumnReader(statement: sqliteStatement) }
}
