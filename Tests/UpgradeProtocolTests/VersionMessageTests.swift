import Testing
import UpgradeProtocol

/// The three messages that carry nothing but versions.
@Suite struct VersionMessageTests {
    @Test(arguments: try Vectors.load().messages.latestVersion.read)
    func readsLatestVersion(vector: Vectors.Message.Content) throws {
        let version = try Version(try #require(vector.version))
        #expect(try LatestVersionMessage(decoding: Array(vector.body.utf8)) == LatestVersionMessage(version: version))
    }

    @Test(arguments: try Vectors.load().messages.latestVersion.written)
    func writesLatestVersion(vector: Vectors.Message.Content) throws {
        let message = LatestVersionMessage(version: try Version(try #require(vector.version)))
        #expect(String(decoding: message.encoded(), as: UTF8.self) == vector.body)
        #expect(String(decoding: message.encoded(versions: .text), as: UTF8.self) == vector.bodyAsText)
    }

    @Test(arguments: try Vectors.load().messages.latestVersion.refused)
    func refusesLatestVersion(vector: Vectors.Message.Refused) throws {
        let error = try #require(throws: MessageError.self) { try LatestVersionMessage(decoding: vector.bytes) }
        #expect(error.rule == vector.rule)
        #expect(error.member == vector.member)
    }

    @Test(arguments: try Vectors.load().messages.requestUpgrade.read)
    func readsRequestUpgrade(vector: Vectors.Message.Content) throws {
        let version = try Version(try #require(vector.version))
        #expect(try UpgradeRequestMessage(decoding: Array(vector.body.utf8)) == UpgradeRequestMessage(version: version))
    }

    @Test(arguments: try Vectors.load().messages.requestUpgrade.written)
    func writesRequestUpgrade(vector: Vectors.Message.Content) throws {
        let message = UpgradeRequestMessage(version: try Version(try #require(vector.version)))
        #expect(String(decoding: message.encoded(), as: UTF8.self) == vector.body)
        #expect(String(decoding: message.encoded(versions: .text), as: UTF8.self) == vector.bodyAsText)
    }

    @Test(arguments: try Vectors.load().messages.requestUpgrade.refused)
    func refusesRequestUpgrade(vector: Vectors.Message.Refused) throws {
        let error = try #require(throws: MessageError.self) { try UpgradeRequestMessage(decoding: vector.bytes) }
        #expect(error.rule == vector.rule)
        #expect(error.member == vector.member)
    }

    @Test(arguments: try Vectors.load().messages.availableVersions.read)
    func readsAvailableVersions(vector: Vectors.Message.Content) throws {
        let versions = try #require(vector.versions).map { try Version($0) }
        #expect(try AvailableVersionsMessage(decoding: Array(vector.body.utf8)).versions == versions)
    }

    @Test(arguments: try Vectors.load().messages.availableVersions.written)
    func writesAvailableVersions(vector: Vectors.Message.Content) throws {
        let message = AvailableVersionsMessage(versions: try #require(vector.versions).map { try Version($0) })
        #expect(String(decoding: message.encoded(), as: UTF8.self) == vector.body)
        #expect(String(decoding: message.encoded(versions: .text), as: UTF8.self) == vector.bodyAsText)
    }

    @Test(arguments: try Vectors.load().messages.availableVersions.refused)
    func refusesAvailableVersions(vector: Vectors.Message.Refused) throws {
        let error = try #require(throws: MessageError.self) { try AvailableVersionsMessage(decoding: vector.bytes) }
        #expect(error.rule == vector.rule)
        #expect(error.member == vector.member)
    }
}
