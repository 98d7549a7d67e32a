import FoundationEssentials
import UpgradeAPI

/// Prints a verb's result in the form that was asked for.
struct Printer {
    private let console: Console
    private let options: ConnectionOptions

    init(_ options: ConnectionOptions) {
        console = Console.current
        self.options = options
    }

    /// A list: one table, or one page that holds all of it.
    func list<Item: Codable & Sendable>(_ items: [Item], _ table: Table) throws {
        if options.json {
            try json(PageBody(items: items, total: items.count, nextCursor: nil))
        } else {
            show(table)
        }
    }

    /// One object: its members, or its body.
    func object(_ body: some Encodable, _ members: KeyValuePairs<String, String?>) throws {
        if options.json { return try json(body) }
        let width = members.map(\.key.count).max() ?? 0
        for (name, value) in members {
            let padding = String(repeating: " ", count: width - name.count)
            console.line("\(name)\(padding)  \(value.map(\.printable) ?? "-")")
        }
    }

    /// What a verb has done: one line, or the body that came back.
    func done(_ line: String, _ body: (some Encodable)? = Bool?.none) throws {
        if options.json {
            if let body { try json(body) }
        } else if !options.quiet {
            console.line(line)
        }
    }

    /// A body as the API sends it, in one line.
    func json(_ body: some Encodable) throws {
        console.line(String(decoding: try APICoding.encode(body), as: UTF8.self))
    }

    /// A table that fits the terminal.
    func show(_ table: Table) {
        for line in table.lines(columns: console.columns) { console.line(line) }
    }

    /// A line on standard error about the result, when nobody asked for less.
    func warn(_ line: String) {
        if !options.quiet { console.errorLine("umctl: \(line)") }
    }

    /// A line beside the result, when nobody asked for less.
    func note(_ line: String) {
        if !options.quiet, !options.json { console.line(line) }
    }
}

extension RFC3339Time {
    /// For tables: to the second, the date apart from the time.
    var short: String {
        let text = description
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8))Z"
    }
}

extension Bool {
    var yesOrNo: String { self ? "yes" : "no" }
}

/// A number of bytes for people.
func bytes(_ count: Int64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(count)
    var unit = 0
    while value >= 1_024, unit < units.count - 1 {
        value /= 1_024
        unit += 1
    }
    if unit == 0 { return "\(count) B" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
}
