import RandomSupport
import Testing
import UpgradeProtocol

/// Whatever bytes come, a decoder returns or throws; none traps. What is accepted reads the same when written again.
@Suite struct RandomInputTests {
    private func decodeEverything(_ bytes: [UInt8]) throws {
        if let frame = try? Frame(decoding: bytes) { #expect(frame.encoded() == bytes) }
        _ = try? Frame(decoding: bytes, checksum: .payloadBytesOrFieldText)
        var decoder = FrameStreamDecoder(payloadLimit: 1000)
        var rest = bytes[...]
        while let frame = try? decoder.next(from: &rest) { #expect(frame.payload.count <= 1000) }

        if let message = try? StatusMessage(decoding: bytes) {
            #expect(try StatusMessage(decoding: message.encoded()) == message)
        }
        if let message = try? LatestVersionMessage(decoding: bytes) {
            #expect(try LatestVersionMessage(decoding: message.encoded(versions: .text)) == message)
        }
        if let message = try? AvailableVersionsMessage(decoding: bytes) {
            #expect(try AvailableVersionsMessage(decoding: message.encoded()) == message)
        }
        _ = try? UpgradeRequestMessage(decoding: bytes)

        let text = String(decoding: bytes, as: UTF8.self)
        if let version = try? Version(text) { #expect(try Version(version.description) == version) }
        if let id = try? GatewayID(text) { #expect(id.rawValue == text) }
        if let id = try? CompanyID(text) { #expect(id.rawValue == text) }
        if let topic = try? Topic(parsing: text) { #expect(topic.name == text) }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func noiseTrapsNoDecoder(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            try decodeEverything(generator.bytes(Int.random(in: 0...200, using: &generator)))
        }
    }

    /// Noise hardly gets past the first byte of JSON; pieces of it in any order get everywhere.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func shuffledJSONTrapsNoDecoder(seed: UInt64) throws {
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "d83d", "\\ude00", "\"companyId\"", "\"version\"",
            "\"versions\"", "\"timestamp\"", "\"failed\"", "0.5", "-", "1e", "99999999999999999999", "null", "true",
            " ",
            "\n", "é", "\u{FEFF}", "{\"companyId\":\"2\",\"version\":0.5", ",\"timestamp\":", "TOCLOUD/", "STATUS/",
        ]
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let count = Int.random(in: 0...12, using: &generator)
            let text = (0..<count).compactMap { _ in pieces.randomElement(using: &generator) }.joined()
            try decodeEverything(Array(text.utf8))
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func damagedMessagesTrapNoDecoder(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let bodies = try Vectors.load().messages.status.read.map { Array($0.body.utf8) }
        for body in bodies {
            for _ in 0..<50 {
                var damaged = body
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let index = Int.random(in: 0..<damaged.count, using: &generator)
                    damaged[index] = UInt8(truncatingIfNeeded: generator.next())
                }
                try decodeEverything(damaged)
            }
        }
    }
}
