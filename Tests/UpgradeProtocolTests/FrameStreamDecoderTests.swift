import Testing
import UpgradeProtocol

@Suite struct FrameStreamDecoderTests {
    private let frames = [
        Frame(timestamp: 1, payload: []),
        Frame(timestamp: 2, payload: Array("{\"version\":1.2}".utf8)),
        Frame(timestamp: 3, payload: Array(0...255) + Array(0...255)),
        Frame(timestamp: 4, payload: []),
    ]

    private var stream: [UInt8] { frames.flatMap { $0.encoded() } }

    private func decode(_ pieces: [[UInt8]], with decoder: inout FrameStreamDecoder) throws -> [Frame] {
        var frames: [Frame] = []
        for piece in pieces {
            var rest = piece[...]
            while let frame = try decoder.next(from: &rest) { frames.append(frame) }
            #expect(rest.isEmpty, "nil means that all bytes were used")
        }
        return frames
    }

    @Test(arguments: [1, 2, 3, 7, 11, 12, 13, 64, 10_000])
    func findsTheSameFramesInPiecesOfAnySize(size: Int) throws {
        let bytes = stream
        let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        var decoder = FrameStreamDecoder()
        #expect(try decode(pieces, with: &decoder) == frames)
        try decoder.finish()
    }

    @Test func findsTheSameFramesWhenEachComesWhole() throws {
        var decoder = FrameStreamDecoder()
        #expect(try decode(frames.map { $0.encoded() }, with: &decoder) == frames)
        try decoder.finish()
    }

    @Test func anEndWithinAFrameIsAnErrorOnlyOnceTheStreamHasEnded() throws {
        let bytes = frames[1].encoded()
        for count in 1..<bytes.count {
            var decoder = FrameStreamDecoder()
            #expect(try decode([Array(bytes[..<count])], with: &decoder) == [])
            let error = try #require(throws: FrameError.self) { try decoder.finish() }
            #expect(
                error
                    == (count < 12
                        ? .headerTooShort(byteCount: count) : .lengthMismatch(declared: 15, actual: count - 12)))
        }
    }

    @Test func keepsFailingAfterADamagedFrame() throws {
        var bytes = frames[1].encoded()
        bytes[bytes.count - 1] ^= 1
        var decoder = FrameStreamDecoder()
        var rest = (frames[0].encoded() + bytes + frames[0].encoded())[...]
        #expect(try decoder.next(from: &rest) == frames[0])
        let error = try #require(throws: FrameError.self) { try decoder.next(from: &rest) }
        #expect(error.rule == "crcMismatch")
        #expect(throws: error) { try decoder.next(from: &rest) }
        #expect(throws: error) { try decoder.finish() }
    }

    @Test func refusesALongerPayloadThanItHoldsBeforeTheFirstByteOfIt() throws {
        var decoder = FrameStreamDecoder(payloadLimit: 16)
        #expect(try decode([frames[1].encoded()], with: &decoder) == [frames[1]])
        let header = FrameHeader(timestamp: 0, payloadLength: 17, payloadCRC: 0)
        #expect(throws: FrameError.payloadTooLong(declared: 17, limit: 16)) {
            var rest = header.encoded()[...]
            return try decoder.next(from: &rest)
        }
        var unbounded = FrameStreamDecoder()
        #expect(throws: FrameError.payloadTooLong(declared: .max, limit: ProtocolLimits.payloadLength)) {
            var rest = FrameHeader(timestamp: 0, payloadLength: .max, payloadCRC: 0).encoded()[...]
            return try unbounded.next(from: &rest)
        }
    }

    @Test func acceptsTheFieldsChecksumOnlyWhereAskedTo() throws {
        let vector = try #require(try Vectors.load().frames.acceptedFromGateways.first)
        var lenient = FrameStreamDecoder(checksum: .payloadBytesOrFieldText)
        #expect(try decode([vector.frame.bytes], with: &lenient).map(\.payload) == [vector.payload.bytes])
        var strict = FrameStreamDecoder()
        #expect(throws: FrameError.self) { try decode([vector.frame.bytes], with: &strict) }
    }
}
