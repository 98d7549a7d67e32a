import ArgumentParser
import UpgradeCore

/// Reads values of the command line; what is refused says what would be right.
enum Reading {
    @Sendable
    static func port(_ text: String) throws -> Int {
        guard let port = UInt16(text) else {
            throw ValidationError("a port is a whole number from 0 to 65535; 0 means any free one")
        }
        return Int(port)
    }

    @Sendable
    static func byteRate(_ text: String) throws -> Int {
        guard let rate = Int(text), rate > 0 else {
            throw ValidationError("it is a whole number of at least 1; leave it out for no limit")
        }
        return rate
    }

    /// A time span, kept as written.
    @Sendable
    static func timeSpan(_ text: String) throws -> String {
        guard TimeSpan(text) != nil else { throw ValidationError("a time span is \(TimeSpan.expectation)") }
        return text
    }

    @Sendable
    static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Choice {
        guard let choice = Choice(rawValue: text) else {
            throw ValidationError("it is one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }
}
