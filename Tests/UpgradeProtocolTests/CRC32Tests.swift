import CCRC32
import RandomSupport
import Testing
import UpgradeProtocol

@Suite struct CRC32Tests {
    /// Longer than twice the widest step of any variant, with some left over.
    private let lengths = Array(0...300) + [511, 512, 513, 640, 1023, 1024, 1025, 4096, 5000]

    @Test func hasThePublishedCheckValue() {
        #expect(CRC32.checksum(of: Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(CRC32.checksum(of: []) == 0)
        #expect(SlicingCRC32.continue(0, over: Array("123456789".utf8).span) == 0xCBF4_3926)
    }

    /// The definition, bit by bit, that the tables are held against.
    @Test func tablesComputeTheDefinition() {
        var generator = SeededGenerator(seed: 1)
        for length in 0...100 {
            let bytes = generator.bytes(length)
            var register: UInt32 = 0xFFFF_FFFF
            for byte in bytes {
                register ^= UInt32(byte)
                for _ in 0..<8 { register = register & 1 == 1 ? register >> 1 ^ 0xEDB8_8320 : register >> 1 }
            }
            #expect(SlicingCRC32.continue(0, over: bytes.span) == ~register)
        }
    }

    @Test(arguments: [CCRC32_SLICING, CCRC32_CLMUL_128, CCRC32_CLMUL_512].filter { ccrc32_has_variant($0) })
    func everyVariantOfThisProcessorAgreesWithTheTables(variant: ccrc32_variant) {
        var generator = SeededGenerator(seed: 2)
        let bytes = generator.bytes(5100)
        for length in lengths {
            for alignment in 0..<16 {
                let piece = Array(bytes[alignment..<alignment + length])
                let start = UInt32(truncatingIfNeeded: generator.next())
                let expected = SlicingCRC32.continue(start, over: piece.span)
                // The buffer is larger than the piece, so that the alignment is what it says.
                let computed = bytes.withUnsafeBytes {
                    ccrc32_update_by(variant, start, $0.baseAddress.map { $0 + alignment }, length)
                }
                guard computed == expected else {
                    Issue.record(
                        "variant \(variant.rawValue), \(length) bytes at \(alignment): \(computed), not \(expected)")
                    return
                }
            }
        }
    }

    @Test func piecesOfAnySizeYieldTheSameChecksum() {
        var generator = SeededGenerator(seed: 3)
        let bytes = generator.bytes(20_000)
        let whole = CRC32.checksum(of: bytes)
        #expect(whole == SlicingCRC32.continue(0, over: bytes.span))
        for _ in 0..<50 {
            var crc = CRC32()
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 0...1000, using: &generator)
                crc.update(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(crc.value == whole)
        }
    }
}
