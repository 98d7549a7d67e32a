import UpgradeAPI
import UpgradeCore

// How pages put things for people.

extension String {
    /// The text with those characters made visible that reorder or hide others; what gateways call themselves may have them.
    var visible: String {
        guard unicodeScalars.contains(where: Self.hides) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if Self.hides(scalar) {
                text += "⟨U+\(String(scalar.value, radix: 16, uppercase: true))⟩"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// Joiners, which emoji and some scripts are written with, hide nothing.
    private static func hides(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        case .format: scalar != "\u{200C}" && scalar != "\u{200D}"
        default: false
        }
    }
}

extension Timestamp {
    /// To the minute, in UTC, with the full time for programs.
    var shown: [String: Any] { ["exact": RFC3339Time(self).description, "text": toTheMinute] }

    /// To the minute, in UTC.
    var toTheMinute: String { "\(RFC3339Time(self).description.prefix(16).replacing("T", with: " ")) UTC" }
}

/// Numbers and amounts for people.
enum Amount {
    /// Bytes: `3 B`, `2.9 MiB`.
    static func size(_ bytes: Int64) -> String {
        let unit = unit(of: bytes)
        return "\(number(bytes, in: unit)) \(unit.name)"
    }

    /// How much of something has gone, in the unit of the whole: `12.3 of 64.0 MiB sent`. The script of the pages says the same.
    static func part(_ sent: Int64, of total: Int64) -> String {
        let unit = unit(of: total)
        return "\(number(sent, in: unit)) of \(number(total, in: unit)) \(unit.name) sent"
    }

    private typealias Unit = (size: Int64, name: String)

    private static func unit(of bytes: Int64) -> Unit {
        let units: [Unit] = [(1 << 20, "MiB"), (1 << 10, "KiB")]
        return units.first { bytes >= $0.size } ?? (1, "B")
    }

    /// To one decimal; bytes are whole.
    private static func number(_ bytes: Int64, in unit: Unit) -> String {
        guard unit.size > 1 else { return "\(bytes)" }
        let tenths = (bytes * 10 + unit.size / 2) / unit.size
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// `1 gateway`, `2 gateways`.
    static func gateways(_ count: Int) -> String { count == 1 ? "1 gateway" : "\(count) gateways" }

    /// A part of a whole as a number from 0 to 100: nothing only if there is none, and 100 only if it is the whole.
    static func percent(_ part: Int, of whole: Int) -> Int {
        guard whole > 0, part > 0 else { return 0 }
        guard part < whole else { return 100 }
        return max(1, min(99, (part * 100 + whole / 2) / whole))
    }
}

extension UpgradeCounts {
    /// `2 pending, 1 confirmed`.
    var words: String {
        UpgradeState.allCases.filter { self[$0] > 0 }.map { "\(self[$0]) \($0.words)" }.joined(separator: ", ")
    }
}

extension UpgradeState {
    /// In words.
    var words: String { self == .timedOut ? "timed out" : rawValue }
}
