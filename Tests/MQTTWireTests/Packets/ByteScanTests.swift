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
                #expect(
                    Findings(bytes, range)
                        == Findings(
                            hasNUL: byte == 0, hasWildcard: isWildcard, needsCloserLook: needsCloserLook,
                            nameNeedsCloserLook: isWildcard || needsCloserLook))
            }
        }
    }

    @Test("Find nothing where there is nothing")
    func findNothing() {
        #expect(
            Findings([0], 1..<1)
                == Findings(hasNUL: false, hasWildcard: false, needsCloserLook: false, nameNeedsCloserLook: false))
    }
}

/// What all the scans say of a text.
private struct Findings: Equatable {
    var hasNUL: Bool
    var hasWildcard: Bool
    var needsCloserLook: Bool
    var nameNeedsCloserLook: Bool
}

extension Findings {
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.init(
            hasNUL: ByteScan.hasNUL(bytes.span.extracting(range)),
            hasWildcard: ByteScan.hasWildcard(bytes.span, range),
            needsCloserLook: ByteScan.needsCloserLook(bytes.span, range),
            nameNeedsCloserLook: ByteScan.nameNeedsCloserLook(bytes.span, range))
    }
}
