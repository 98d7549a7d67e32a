import GRDB

/// The terms of a WHERE clause, with the values they compare with.
struct Conditions {
    private var terms: [String] = []
    private(set) var arguments = StatementArguments()

    mutating func require(_ term: String, _ values: (any DatabaseValueConvertible)?...) {
        terms.append(term)
        arguments += StatementArguments(values)
    }

    /// Requires that a column is one of the values; of one value, in the form in which an index yields rows in order.
    mutating func require(_ column: String, isOneOf values: [some DatabaseValueConvertible & Comparable]) {
        terms.append(
            values.count == 1
                ? "\(column) = ?"
                : "\(column) IN (\(Array(repeating: "?", count: values.count).joined(separator: ", ")))")
        arguments += StatementArguments(values.sorted())
    }

    /// `WHERE …`, or nothing when there are no terms.
    var clause: String {
        terms.isEmpty ? "" : "WHERE " + terms.joined(separator: " AND ")
    }

    /// The same with one term more.
    func and(_ term: String, _ values: (any DatabaseValueConvertible)?...) -> Conditions {
        var copy = self
        copy.terms.append(term)
        copy.arguments += StatementArguments(values)
        return copy
    }
}

extension Database {
    /// A page of a list that is sorted by one unique key, or by one and another that decides between equals.
    ///
    /// One row more than the page holds is fetched, which tells whether another page follows.
    func page<Item: Sendable>(
        _ list: KeysetList, _ request: PageRequest, item: (Row) throws -> Item, cursor: (Item) -> Cursor
    ) throws -> Page<Item> {
        func items(_ statement: Statement, _ arguments: StatementArguments) throws -> [Item] {
            let rows = try Row.fetchCursor(statement, arguments: arguments)
            var items: [Item] = []
            while let row = try rows.next() { items.append(try item(row)) }
            return items
        }
        return try page(list, request, items: items, cursor: cursor)
    }

    /// The same, where the rows are read otherwise.
    func page<Item: Sendable>(
        _ list: KeysetList, _ request: PageRequest, items: (Statement, StatementArguments) throws -> [Item],
        cursor: (Item) -> Cursor
    ) throws -> Page<Item> {
        var rows = list.conditions
        if let cursor = request.cursor {
            let comparison = list.descending ? "<" : ">"
            if let tieBreaker = list.tieBreaker {
                let (key, tie) = try cursor.numbers()
                rows = rows.and("(\(list.key), \(tieBreaker)) \(comparison) (?, ?)", key, tie)
            } else {
                let key: any DatabaseValueConvertible = list.keyIsNumber ? try cursor.number() : cursor.key
                rows = rows.and("\(list.key) \(comparison) ?", key)
            }
        }
        let direction = list.descending ? "DESC" : "ASC"
        let order = [list.key, list.tieBreaker].compactMap { $0.map { "\($0) \(direction)" } }.joined(separator: ", ")
        let sql = """
            SELECT \(list.columns) FROM \(list.source) \(rows.clause)
            ORDER BY \(order) LIMIT \(request.limit + 1)
            """
        var items = try items(cachedStatement(sql: sql), rows.arguments)
        let hasMore = items.count > request.limit
        if hasMore { items.removeLast() }
        let count = "SELECT count(*) FROM \(list.source) \(list.conditions.clause)"
        let total = try Int.fetchOne(cachedStatement(sql: count), arguments: list.conditions.arguments) ?? 0
        return Page(items: items, total: total, nextCursor: hasMore ? items.last.map(cursor) : nil)
    }
}

/// A list whose pages start after a key, not at a number of rows: as fast on the last page as on the first.
struct KeysetList {
    var columns: String
    var source: String
    var conditions: Conditions
    var key: String
    var keyIsNumber = false
    /// A number that is unique, where the key is not.
    var tieBreaker: String?
    var descending = false
}
