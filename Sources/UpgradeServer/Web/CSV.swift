/// Text that spreadsheets read (RFC 4180).
enum CSV {
    /// One record, with its line break.
    static func line(_ values: [String]) -> String { values.map(field).joined(separator: ",") + "\r\n" }

    /// A value of unknown origin. What a spreadsheet would take for a formula gets an apostrophe in front, which makes it text.
    private static func field(_ value: String) -> String {
        // By scalars: CR and LF together are one character, and so is a sign with an accent on it.
        let scalars = value.unicodeScalars
        let isFormula = scalars.first { $0 != " " }.map(startsFormula) ?? false
        let text = isFormula ? "'" + value : value
        let needsQuotes = scalars.contains { [",", "\"", "\r", "\n"].contains($0) } || scalars.first == " "
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }

    private static func startsFormula(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        // The wide forms are taken for the same signs.
        case "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}": true
        default: false
        }
    }
}
