import Testing
import UpgradeProtocol

@Suite struct FrameTests {
    @Test(arguments: try Vectors.load().frames.accepted)
    func acceptsAndMakesWhatTheVectorsSay(vector: Vectors.Frames.Accepted) throws {
        let frame = Frame(timestamp: vector.timestamp, payload: vector.payload.bytes)
        #expect(frame.encoded() == vector.frame.bytes)
        #expect(try Frame(decoding: vector.frame.bytes) == frame)
        #expect(try Frame(decoding: vector.frame.bytes, checksum: .payloadBytesOrFieldText) == frame)
    }

    @Test(arguments: try Vectors.load().frames.acceptedFromGateways)
    func acceptsTheFieldsChecksumOnlyWhereAskedTo(vector: Vectors.Frames.Accepted) throws {
        let frame = try Frame(decoding: vector.frame.bytes, checksum: .payloadBytesOrFieldText)
        #expect(frame == Frame(timestamp: vector.timestamp, payload: vector.payload.bytes))
        #expect(frame.encoded() != vector.frame.bytes, "the field's checksum is never sent")
        let error = try #require(throws: FrameError.self) { try Frame(decoding: vector.frame.bytes) }
        #expect(error.rule == "crcMismatch")
    }

    @Test(arguments: try Vectors.load().frames.refused, [ChecksumRule.payloadBytes, .payloadBytesOrFieldText])
    func refusesWithTheRuleAndBothValues(vector: Vectors.Frames.Refused, checksum: ChecksumRule) throws {
        let error = try #require(throws: FrameError.self) {
            try Frame(decoding: vector.frame.bytes, checksum: checksum)
        }
        #expect(error.rule == vector.rule)
        switch error {
        case .headerTooShort(let byteCount):
            #expect(byteCount == vector.byteCount)
        case .lengthMismatch(let declared, let actual):
            #expect(declared == vector.declared)
            #expect(actual == vector.actual)
        case .crcMismatch(let declared, let computed):
            #expect(declared == vector.declared)
            #expect(computed == vector.computed)
        case .payloadTooLong:
            Issue.record("only a stream has such a limit")
        }
        #expect(!error.description.contains("\n"))
    }

    @Test func errorsNameBothValues() {
        #expect(
            FrameError.crcMismatch(declared: 0x0000_00FF, computed: 0xCBF4_3926).description
                == "the frame's header says CRC 0x000000ff, its payload has 0xcbf43926")
        #expect(
            FrameError.lengthMismatch(declared: 4_294_967_295, actual: 3).description
                == "the frame's header says 4294967295 bytes of payload, there are 3")
    }

    @Test(arguments: try Vectors.load().frames.accepted)
    func refusesAFrameCutAnywhere(vector: Vectors.Frames.Accepted) {
        for count in 0..<vector.frame.bytes.count {
            let error = #expect(throws: FrameError.self) { try Frame(decoding: Array(vector.frame.bytes[..<count])) }
            #expect(error?.rule == (count < 12 ? "headerTooShort" : "lengthMismatch"))
        }
        let error = #expect(throws: FrameError.self) { try Frame(decoding: vector.frame.bytes + [0]) }
        #expect(error?.rule == "lengthMismatch")
    }

    @Test(arguments: try Vectors.load().frames.accepted)
    func noticesEveryFlippedBit(vector: Vectors.Frames.Accepted) throws {
        for bit in 0..<vector.frame.bytes.count * 8 {
            var bytes = vector.frame.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            switch bit / 8 {
            case 0..<4:
                // Nothing protects the timestamp, and every value is one.
                let frame = try Frame(decoding: bytes)
                #expect(frame.timestamp != vector.timestamp)
                #expect(frame.payload == vector.payload.bytes)
            case 4..<8:
                #expect(throws: FrameError.self) { try Frame(decoding: bytes) }
            default:
                let error = #expect(throws: FrameError.self) { try Frame(decoding: bytes) }
                #expect(error?.rule == "crcMismatch")
            }
        }
    }

    @Test func headerStandsWithoutItsPayload() throws {
        let payload = [UInt8](repeating: 0xA5, count: 100_000)
        let header = FrameHeader(timestamp: 7, payload: payload.span)
        #expect(header.encoded() + payload == Frame(timestamp: 7, payload: payload).encoded())
        let bytes = header.encoded()
        let decoded = try FrameHeader(decoding: bytes.span)
        #expect(decoded == header)
        try header.validate(payload: payload.span)
        #expect(throws: FrameError.lengthMismatch(declared: 100_000, actual: 99_999)) {
            try header.validate(payload: payload.span.extracting(droppingLast: 1))
        }
    }

    @Test func timestampsSurvive2038() {
        #expect(FrameHeader.timestamp(unixSeconds: 2_147_483_648) == 0x8000_0000)
        #expect(FrameHeader.timestamp(unixSeconds: 4_294_967_296) == 0)
    }
}
