import Testing

@testable import MQTTWire

@Suite("Scans of eight bytes at a time")
struct ByteScanTests {
    @Test(
        "Find every byte that they look for, at every place of a text of every length, and no other", arguments: 1...25)
    func find(length: Int) {
        for byte in UInt8.min ... .max {
            for place in 0..<length {
                // The text lies among bytes that are none of its own.
                var bytes = [UInt8](repeating: 0x23, count: length + 2)
                for index in 1...length { bytes[index] = UInt8(ascii: "x") }
                bytes[1 + place] = byte
                let range = 1..<(1 + length)
                let isWildcard = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#")
                let needsCloserLook = byte == 0 || byte >= 0x80
                #expect(ByteScan.hasWildcard(bytes.span, range) == isWildcard)
                #expect(ByteScan.needsCloserLook(bytes.span, range) == needsCloserLook)
                #expect(ByteScan.nameNeedsCloserLook(bytes.span, range) == (isWildcard || needsCloserLook))
                #expect(ByteScan.hasNUL(bytes.span.extracting(range)) == (byte == 0))
            }
        }
    }

    @Test("Find nothing where there is nothing")
    func findNothing() {
        let bytes: [UInt8] = [0]
        #expect(!ByteScan.hasNUL(bytes.span.extracting(1..<1)))
        #expect(!ByteScan.needsCloserLook(bytes.span, 1..<1))
        #expect(!ByteScan.nameNeedsCloserLook(bytes.span, 1..<1))
        #expect(!ByteScan.hasWildcard(bytes.span, 1..<1))
    }
}
