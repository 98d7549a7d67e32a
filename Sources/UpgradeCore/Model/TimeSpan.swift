/// A positive time span as people write it: a whole number and its unit, `60s`, `15m`, `12h`, `30d`.
public struct TimeSpan: Hashable, Sendable {
    /// The span itself.
    public let duration: Duration

    /// What a well-formed span looks like, for messages and help.
    public static let expectation = "a whole number followed by s, m, h or d, such as 60s, 15m, 12h or 30d"

    /// The longest span that is accepted, a hundred years: what is longer is a slip of the finger.
    private static let longest: Int64 = 36_500 * 86_400

    /// Reads a span; nil when `text` is not ``expectation``, is zero, or is longer than a hundred years.
    public init?(_ text: String) {
        guard let unit = text.last, let secondsPerUnit = Self.secondsPerUnit(unit) else { return nil }
        let digits = text.dropLast()
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int64(digits) else {
            return nil
        }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: secondsPerUnit)
        guard !overflow, seconds > 0, seconds <= Self.longest else { return nil }
        duration = .seconds(seconds)
    }

    private static func secondsPerUnit(_ unit: Character) -> Int64? {
        switch unit {
        case "s": 1
        case "m": 60
        case "h": 3600
        case "d": 86_400
        default: nil
        }
    }
}
