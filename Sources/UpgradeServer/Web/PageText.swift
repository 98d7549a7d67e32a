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
    var shown: [String: Any] {
        let time = RFC3339Time(self).description
        return ["exact": time, "text": "\(time.prefix(16).replacing("T", with: " ")) UTC"]
    }
}

/// Numbers and amounts for people.
enum Amount {
    /// Bytes: `3 B`, `2.9 MiB`.
    static func size(_ bytes: Int64) -> String {
        let units: [(Int64, String)] = [(1 << 20, "MiB"), (1 << 10, "KiB")]
        guard let (size, name) = units.first(where: { bytes >= $0.0 }) else { return "\(bytes) B" }
        let tenths = (bytes * 10 + size / 2) / size
        return "\(tenths / 10).\(tenths % 10) \(name)"
    }

    /// `1 gateway`, `2 gateways`.
    static func gateways(_ count: Int) -> String { count == 1 ? "1 gateway" : "\(count) gateways" }

    /// A part of a whole as a number from 0 to 100, not nothing if there is any.
    static func percent(_ part: Int, of whole: Int) -> Int {
        guard whole > 0, part > 0 else { return 0 }
        return max(1, min(100, (part * 100 + whole / 2) / whole))
    }
}

extension UpgradeState {
    /// In words.
    var words: String { self == .timedOut ? "timed out" : rawValue }
}
