import Testing
import UpgradeProtocol

@Suite struct StatusMessageTests {
    private func status(_ content: Vectors.Message.Content) throws -> StatusMessage {
        StatusMessage(
            companyID: try CompanyID(try #require(content.companyId)),
            version: try Version(try #require(content.version)),
            timestamp: content.timestamp,
            failed: content.failed,
            failedVersion: try content.failedVersion.map { try Version($0) })
    }

    @Test(arguments: try Vectors.load().messages.status.read)
    func readsLeniently(vector: Vectors.Message.Content) throws {
        #expect(try StatusMessage(decoding: Array(vector.body.utf8)) == status(vector))
    }

    @Test(arguments: try Vectors.load().messages.status.written)
    func writesStrictly(vector: Vectors.Message.Content) throws {
        let message = try status(vector)
        #expect(String(decoding: message.encoded(), as: UTF8.self) == vector.body)
        #expect(try StatusMessage(decoding: message.encoded()) == message)
        #expect(try StatusMessage(decoding: message.encoded(versions: .text)) == message)
    }

    @Test(arguments: try Vectors.load().messages.status.refused)
    func refuses(vector: Vectors.Message.Refused) throws {
        let error = try #require(throws: MessageError.self) { try StatusMessage(decoding: vector.bytes) }
        #expect(error.rule == vector.rule)
        #expect(error.member == vector.member)
        #expect(!error.description.contains("\n"))
    }

    @Test(arguments: try Vectors.load().messages.status.read)
    func refusesABodyCutAnywhere(vector: Vectors.Message.Content) {
        let bytes = Array(vector.body.utf8)
        // White space after the object is no part of it.
        let end = bytes.lastIndex(of: UInt8(ascii: "}")) ?? 0
        for count in 0...end {
            #expect(throws: MessageError.self) { try StatusMessage(decoding: Array(bytes[..<count])) }
        }
    }

    @Test func doesNotRecurse() throws {
        for opening in ["[", "{\"a\":"] {
            let body = "{\"x\":" + String(repeating: opening, count: 100_000)
            let error = try #require(throws: MessageError.self) { try StatusMessage(decoding: Array(body.utf8)) }
            #expect(error.rule == "nestedTooDeep")
        }
    }

    @Test func refusesABodyBeyondTheLimit() throws {
        let message = StatusMessage(companyID: try CompanyID("2"), version: try Version("0.5"))
        let padding = [UInt8](repeating: 0x20, count: ProtocolLimits.messageLength - message.encoded().count)
        #expect(try StatusMessage(decoding: message.encoded() + padding) == message)
        #expect(throws: MessageError.tooLong(byteCount: 1_048_577, limit: 1_048_576)) {
            try StatusMessage(decoding: message.encoded() + padding + [0x20])
        }
    }

    @Test func escapesWhatJSONCannotCarryPlainly() throws {
        // Control characters cannot stand in an id, and become spaces in a reason; quotes and backslashes can.
        let message = StatusMessage(
            companyID: try CompanyID("2"), version: try Version("1"), failed: "a\tb\u{0}\"c\\d é 😀",
            failedVersion: try Version("2"))
        #expect(message.failed == "a b \"c\\d é 😀")
        #expect(
            String(decoding: message.encoded(), as: UTF8.self)
                == #"{"companyId":"2","version":1,"failed":"a b \"c\\d é 😀","failedVersion":2}"#)
        #expect(try StatusMessage(decoding: message.encoded()) == message)
    }

    @Test func cutsALongReasonBetweenCharacters() throws {
        let message = StatusMessage(
            companyID: try CompanyID("2"), version: try Version("1"), failed: "x" + String(repeating: "é", count: 1000))
        #expect(message.failed?.utf8.count == 511)
        #expect(message.failed == "x" + String(repeating: "é", count: 255))
    }
}
