/// The version of a release: a decimal number of 1 to 9 digits, optionally a point and 1 to 6 digits.
///
/// `1`, `1.0`, `0.5` and `12.25` are versions; `01`, `1.`, `.5`, `1e3`, `-1`, `1.0.1` and `Infinity` are none. Versions
/// are decimals and compare as such: `1.10` equals `1.1`, which is older than `1.2`.
public struct Version: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The version times one million: what sorts, and what a database stores. At most 999,999,999,999,999.
    public let millionths: UInt64

    private static let scale: UInt64 = 1_000_000

    /// Reads a version strictly: nothing is trimmed.
    ///
    /// - Parameter text: the version as a person, a file name or a message writes it.
    /// - Throws: ``VersionError`` when `text` is no version.
    public init(_ text: String) throws(VersionError) {
        guard let millionths = Version.millionths(in: text.utf8) else { throw VersionError(text: text) }
        self.millionths = millionths
    }

    /// The version that an earlier ``millionths`` stood for, or nil when no version has that value.
    ///
    /// - Parameter millionths: the version times one million.
    public init?(millionths: UInt64) {
        guard millionths <= 999_999_999_999_999 else { return nil }
        self.millionths = millionths
    }

    /// The shortest decimal form: `1`, `0.5`, `12.25`.
    public var description: String {
        let whole = String(millionths / Version.scale)
        var fraction = millionths % Version.scale
        guard fraction > 0 else { return whole }
        var digits = ProtocolLimits.versionFractionDigits
        while fraction % 10 == 0 {
            fraction /= 10
            digits -= 1
        }
        let significant = String(fraction)
        return whole + "." + String(repeating: "0", count: digits - significant.utf8.count) + significant
    }

    /// Whether a version is older than another.
    public static func < (left: Version, right: Version) -> Bool { left.millionths < right.millionths }

    private static func millionths(in text: String.UTF8View) -> UInt64? {
        var value: UInt64 = 0
        var wholeDigits = 0
        var fractionDigits: Int?
        for byte in text {
            switch (byte, fractionDigits) {
            case (UInt8(ascii: "."), nil) where wholeDigits > 0:
                fractionDigits = 0
            case (UInt8(ascii: "0")...UInt8(ascii: "9"), nil):
                // A second digit after a leading zero.
                guard value > 0 || wholeDigits == 0 else { return nil }
                wholeDigits += 1
                guard wholeDigits <= ProtocolLimits.versionWholeDigits else { return nil }
                value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
            case (UInt8(ascii: "0")...UInt8(ascii: "9"), let count?):
                guard count < ProtocolLimits.versionFractionDigits else { return nil }
                fractionDigits = count + 1
                value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
            default:
                return nil
            }
        }
        guard wholeDigits > 0, fractionDigits != 0 else { return nil }
        for _ in (fractionDigits ?? 0)..<ProtocolLimits.versionFractionDigits { value *= 10 }
        return value
    }
}

/// A text that is no ``Version``.
public struct VersionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text that was refused, as it came.
    public let text: String

    /// One line that names the text and says what a version is.
    public var description: String {
        "\(quoted(text)) is no version: a version is 1 to \(ProtocolLimits.versionWholeDigits) digits without a leading "
            + "zero, optionally a point and 1 to \(ProtocolLimits.versionFractionDigits) digits, such as 1, 0.5 or 12.25"
    }
}
