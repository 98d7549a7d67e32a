/// Text in columns, for people.
struct Table {
    private let header: [String]
    private let yielding: Set<String>
    private var rows: [[String]] = []

    /// A table whose columns have these titles. Where the terminal is too narrow, the `yielding` columns are cut before the others.
    init(_ header: String..., yielding: Set<String> = []) {
        self.header = header
        self.yielding = yielding
    }

    /// Adds a row; nil shows as a dash.
    mutating func add(_ cells: String?...) {
        rows.append(cells.map { $0.map(\.printable) ?? "-" })
    }

    /// The lines, at most `columns` wide: the widest column gives way first, and what is cut ends in an ellipsis.
    func lines(columns limit: Int?) -> [String] {
        let lines = [header] + rows
        var widths = header.indices.map { column in lines.map { $0[column].columns }.max() ?? 0 }
        if let limit {
            let first = header.indices.filter { yielding.contains(header[$0]) }
            Self.shrink(&widths, at: first, toAtLeast: Self.readable, total: limit)
            Self.shrink(&widths, at: Array(header.indices), toAtLeast: Self.narrowest, total: limit)
        }
        return lines.map { cells in
            let padded = zip(cells, widths).map { cell, width in
                cell.cut(toColumns: width).padded(toColumns: width)
            }
            return padded.joined(separator: Self.gap).trimmingTrailingSpaces
        }
    }

    private static let gap = "  "
    /// A text that is cut shorter than this says little.
    private static let readable = 8
    /// Narrower than this a column says nothing.
    private static let narrowest = 4

    private static func shrink(_ widths: inout [Int], at columns: [Int], toAtLeast least: Int, total: Int) {
        var excess = widths.reduce(0, +) + gap.count * (widths.count - 1) - total
        while excess > 0, let widest = columns.max(by: { widths[$0] < widths[$1] }), widths[widest] > least {
            // Down to the next widest at once, so that long texts do not cost a turn per column.
            let next = columns.filter { $0 != widest }.map { widths[$0] }.max() ?? least
            let target = max(least, widths[widest] - excess, min(next, widths[widest] - 1))
            excess -= widths[widest] - target
            widths[widest] = target
        }
    }
}

extension String {
    /// How many columns of a terminal the text takes: East Asian characters and emoji take two.
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// The text, and spaces up to this width.
    func padded(toColumns width: Int) -> String { self + String(repeating: " ", count: max(0, width - columns)) }

    /// The text, or as much of it as fits, with an ellipsis for the rest.
    fileprivate func cut(toColumns limit: Int) -> String {
        guard columns > limit else { return self }
        var text = ""
        var width = 0
        for character in self {
            guard width + character.columns <= limit - 1 else { break }
            text.append(character)
            width += character.columns
        }
        return text + "…"
    }

    /// Control characters escaped: text that came from a gateway must not steer the terminal.
    var printable: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: text += scalar.escaped(asASCII: true)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    fileprivate var trimmingTrailingSpaces: String {
        String(reversed().drop { $0 == " " }.reversed())
    }
}

extension Character {
    fileprivate var columns: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default:
            return 1
        }
    }
}
