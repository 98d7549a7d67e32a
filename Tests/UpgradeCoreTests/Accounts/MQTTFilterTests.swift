import Testing

@testable import UpgradeCore

@Suite("MQTT topic filters")
struct MQTTFilterTests {
    @Test(
        "what is a filter is kept as it is",
        arguments: ["a", "/", "//", "#", "+", "+/#", "a/+/b", "a/#", "/#", "+/+", "$SYS/#", "$", "a b", "ä/💡", "a//#"])
    func valid(text: String) throws {
        #expect(try MQTTFilter(text).description == text)
    }

    @Test(
        "what is none is refused with the rule",
        arguments: [
            ("", "empty"), ("a#", "'#'"), ("a/#/b", "'#'"), ("#/", "'#'"), ("##", "'#'"), ("a/b#", "'#'"),
            ("a+", "'+'"), ("+a/b", "'+'"), ("++", "'+'"), ("a/+b/c", "'+'"), ("a\u{0}b", "U+0000"), ("+#", "'#'"),
        ])
    func invalid(text: String, word: String) {
        let error = #expect(throws: MQTTFilterError.self) { try MQTTFilter(text) }
        #expect(error?.description.contains(word) == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test("a filter has as many bytes as MQTT carries, and no more")
    func length() throws {
        _ = try MQTTFilter(String(repeating: "x", count: 65_535))
        _ = try MQTTFilter(String(repeating: "/", count: 65_535))
        #expect(throws: MQTTFilterError.self) { try MQTTFilter(String(repeating: "x", count: 65_536)) }
        #expect(throws: MQTTFilterError.self) { try MQTTFilter(String(repeating: "ä", count: 32_768)) }
    }

    @Test(
        "a topic matches level by level",
        arguments: [
            ("a", "a", true), ("a", "A", false), ("a", "a/", false), ("a", "/a", false), ("a/b", "a/b", true),
            ("+", "a", true), ("+", "/", false), ("+/+", "/", true), ("/+", "/a", true), ("+", "/a", false),
            ("a/+", "a/b", true), ("a/+", "a/", true), ("a/+", "a", false), ("a/+", "a/b/c", false),
            ("a/+/c", "a/b/c", true), ("a/+/c", "a/b/d", false), ("a/#", "a", true), ("a/#", "a/", true),
            ("a/#", "a/b/c/d", true), ("a/#", "ab", false), ("#", "a", true), ("#", "/", true), ("#", "a/b", true),
            ("+/#", "a", true), ("+/+/#", "a", false), ("+/+/#", "a/b", true), ("#", "$SYS/x", false),
            ("+/x", "$SYS/x", false), ("+/#", "$SYS", false), ("$SYS/#", "$SYS/x", true), ("$SYS/+", "$SYS/x", true),
            ("a/#", "a/$x", true), ("a/+", "a/$x", true), ("+/$x", "a/$x", true),
            // Two spellings of the same letter are two topics.
            ("\u{E9}", "e\u{301}", false),
            // No topic name at all.
            ("#", "", false), ("#", "a/+", false), ("#", "#", false), ("#", "a\u{0}", false),
        ])
    func matches(filter: String, topic: String, expected: Bool) throws {
        #expect(try MQTTFilter(filter).matches(topic: topic) == expected)
    }

    @Test(
        "a filter covers another that asks for no more",
        arguments: [
            ("a/b", "a/b", true), ("a/b", "a/c", false), ("a", "a/b", false), ("a/b", "a", false),
            ("a/+", "a/b", true), ("a/+", "a/+", true), ("a/b", "a/+", false), ("a/+", "a/#", false),
            ("a/#", "a/+", true), ("a/#", "a", true), ("a/#", "a/#", true), ("a/#", "a/b/#", true),
            ("a/b/#", "a/#", false), ("a/#", "#", false), ("#", "a/#", true), ("#", "+/+/x", true), ("#", "#", true),
            ("+/#", "#", true), ("#", "+/#", true), ("+", "#", false), ("+/+/#", "#", false), ("#", "+", true),
            ("+/+", "a/#", false), ("+/#", "a/#", true), ("+/#", "a", true), ("+/b", "a/b", true),
            ("a/b", "+/b", false),
            ("+/+", "+/b", true), ("+/b", "+/+", false), ("a/+/#", "a/#", false), ("a/+/#", "a/+", true),
            ("#", "$SYS/#", false), ("+/#", "$SYS/x", false), ("#", "$share/g/a", false),
            ("+/+/+", "$share/g/+", false),
            ("$SYS/#", "$SYS/x", true), ("$SYS/#", "#", false), ("$SYS/+", "$SYS/#", false), ("a/#", "a/$x", true),
            ("TOCLOUD/STATUS/+", "TOCLOUD/STATUS/gw1", true), ("TOCLOUD/STATUS/+", "TOCLOUD/+/gw1", false),
            ("\u{E9}", "e\u{301}", false),
        ])
    func covers(filter: String, other: String, expected: Bool) throws {
        #expect(try MQTTFilter(filter).covers(MQTTFilter(other)) == expected)
    }

    @Test(
        "two filters overlap when there is a topic for both",
        arguments: [
            ("a", "a", true), ("a", "b", false), ("a", "+", true), ("a", "a/b", false), ("a/#", "a", true),
            ("a/#", "+/b", true), ("a/#", "b/#", false), ("a/+", "+/b", true), ("a/+/c", "+/b/d", false),
            ("#", "$SYS", false), ("+/x", "$SYS/x", false), ("$SYS/#", "$SYS/x", true), ("#", "#", true),
            ("TOCLOUD/+/#", "#", true), ("TOCLOUD/+/#", "+", false), ("TOCLOUD/+/#", "TOCLOUD", false),
            ("TOCLOUD/+/#", "TOCLOUD/#", true), ("TOCLOUD/+/#", "+/x", true), ("TOCLOUD/+/#", "tocloud/x", false),
        ])
    func overlaps(filter: String, other: String, expected: Bool) throws {
        #expect(try MQTTFilter(filter).overlaps(MQTTFilter(other)) == expected)
        #expect(try MQTTFilter(other).overlaps(MQTTFilter(filter)) == expected)
    }

    /// What the three answers mean, for every short filter and topic over an alphabet that is just large enough to tell.
    @Test("covering and overlapping agree with matching")
    func agreement() throws {
        let words = ["a", "b", "$a"]
        let topics = Self.texts(of: words, longest: 4)
        let filters = Self.texts(of: words + ["+", "#"], longest: 3).compactMap { try? MQTTFilter($0) }
        #expect(filters.count > 50)
        let matched = filters.map { filter in topics.map { filter.matches(topic: $0) } }
        for (left, leftMatches) in zip(filters, matched) {
            for (right, rightMatches) in zip(filters, matched) {
                let both = zip(leftMatches, rightMatches)
                #expect(left.covers(right) == both.allSatisfy { $0 || !$1 }, "\(left) covers \(right)")
                #expect(left.overlaps(right) == both.contains { $0 && $1 }, "\(left) overlaps \(right)")
            }
        }
    }

    private static func texts(of words: [String], longest: Int) -> [String] {
        var all: [[String]] = []
        var longer = words.map { [$0] }
        for _ in 1...longest {
            all += longer
            longer = longer.flatMap { text in words.map { text + [$0] } }
        }
        return all.map { $0.joined(separator: "/") }
    }
}
