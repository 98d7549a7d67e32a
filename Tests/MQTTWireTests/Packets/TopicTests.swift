import MQTTWire
import Testing

@Suite("Topic names and filters")
struct TopicTests {
    @Test(
        "a filter matches these names",
        arguments: [
            ("#", ["a", "a/b", "/", "/a", "a//b"]),
            ("+", ["a", "é"]),
            ("a/#", ["a", "a/", "a/b", "a/b/c"]),
            ("a/+", ["a/b", "a/"]),
            ("+/+", ["/", "a/b", "/a"]),
            ("/+", ["/a", "/"]),
            ("a/+/c", ["a/b/c", "a//c"]),
            ("+/b/#", ["a/b", "a/b/c/d"]),
            ("a/b", ["a/b"]),
            ("/", ["/"]),
            ("$SYS/#", ["$SYS", "$SYS/a"]),
            ("$SYS/+", ["$SYS/a"]),
            ("$share/g/a/+", ["a/b"]),
            ("$share/g//a", ["/a"]),
            ("$share/g/$SYS/#", ["$SYS/x"]),
        ])
    func matches(_ filter: String, _ names: [String]) throws {
        let filter = try TopicFilter(filter)
        for name in names { #expect(filter.matches(try TopicName(name)), "\(name)") }
    }

    @Test(
        "a filter does not match these names",
        arguments: [
            ("#", ["$SYS", "$SYS/a"]),
            ("+", ["a/b", "/a", "$SYS"]),
            ("+/a", ["$SYS/a", "a", "a/a/a"]),
            ("a/#", ["ab", "b/a", "/a"]),
            ("a/+", ["a", "a/b/c", "b/a"]),
            ("a/b", ["a/B", "a/b/", "a", "a/b/c", "/a/b"]),
            ("/a", ["a", "//a"]),
            ("$share/g/#", ["$SYS/a"]),
            ("$share/g/a", ["$share/g/a", "g/a"]),
            ("\u{E9}", ["e\u{301}"]),
        ])
    func matchesNot(_ filter: String, _ names: [String]) throws {
        let filter = try TopicFilter(filter)
        for name in names { #expect(!filter.matches(try TopicName(name)), "\(name)") }
    }

    @Test("names that differ in normalisation are different names, and so are client ids")
    func normalisation() throws {
        #expect(try TopicName("\u{E9}") != TopicName("e\u{301}"))
        #expect(try ClientID("\u{E9}") != ClientID("e\u{301}"))
        #expect(try Set([ClientID("\u{E9}"), ClientID("e\u{301}"), ClientID("\u{E9}")]).count == 2)
    }

    @Test("names that are none", arguments: ["", "#", "a/+", "a+", "a\0b", String(repeating: "a", count: 65_536)])
    func wrongNames(_ text: String) {
        #expect(throws: PacketError.self) { try TopicName(text) }
    }

    @Test("a wrong byte is found wherever it stands in a name, and no other is taken for one", arguments: 1...40)
    func everyPlace(_ length: Int) throws {
        let context = PacketContext(version: .v3_1_1, direction: .toServer)
        let name = [UInt8](repeating: UInt8(ascii: "x"), count: length)
        for place in 0..<length {
            for byte in [0x00, 0x01, 0x22, 0x23, 0x24, 0x2A, 0x2B, 0x2C, 0x7F, 0x80, 0xA3, 0xAB, 0xFF] as [UInt8] {
                var changed = name
                changed[place] = byte
                let packet = [0x30, UInt8(length + 2), 0, UInt8(length)] + changed
                let isWrong = byte == 0 || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "+") || byte >= 0x80
                if isWrong {
                    #expect(throws: PacketError(.malformedPacket, "")) { try Packet.decode(packet.span, in: context) }
                } else {
                    #expect(try Packet.decode(packet.span, in: context) != nil)
                }
            }
        }
    }

    @Test(
        "filters that are none",
        arguments: [
            "", "#/a", "a#", "a/#/b", "##", "a+", "+a", "a/+b/c", "++", "a\0b", "$share/", "$share/g", "$share/g/",
            "$share//a", "$share/+/a", "$share/g#/a", "$share/g/a#", String(repeating: "a", count: 65_536),
        ])
    func wrongFilters(_ text: String) {
        #expect(throws: PacketError.self) { try TopicFilter(text) }
    }

    @Test("shared subscriptions exist from 5.0 on")
    func shares() throws {
        let shared = try TopicFilter("$share/group/a/+")
        #expect(shared.shareName == "group")
        #expect(shared.isShared)
        #expect(shared.hasWildcard)
        #expect(shared.text == "$share/group/a/+")
        let plain = try TopicFilter("$share/group/a", version: .v3_1_1)
        #expect(plain.shareName == nil)
        #expect(plain.matches(try TopicName("$share/group/a")))
        #expect(try TopicFilter("$share", version: .v5_0).shareName == nil)
    }

    @Test(
        "levels",
        arguments: [
            ("a", ["a"]), ("a/b", ["a", "b"]), ("/a", ["", "a"]), ("a/", ["a", ""]), ("/", ["", ""]),
            ("$share/g/x/+", ["x", "+"]),
        ])
    func levels(_ text: String, _ expected: [String]) throws {
        let filter = try TopicFilter(text)
        var levels = filter.levels
        var found: [String] = []
        while let level = levels.next(filter.bytes.span) {
            found.append(String(decoding: filter.bytes[level], as: UTF8.self))
        }
        #expect(found == expected)
    }
}
