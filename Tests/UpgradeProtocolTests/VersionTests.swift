import Testing
import UpgradeProtocol

@Suite struct VersionTests {
    @Test(arguments: try Vectors.load().versions.accepted)
    func readsAndWritesTheShortestForm(vector: Vectors.Versions.Accepted) throws {
        let version = try Version(vector.text)
        #expect(version.description == vector.shortest)
        #expect(version.millionths == vector.millionths)
        #expect(Version(millionths: vector.millionths) == version)
        #expect(try Version(vector.shortest) == version)
    }

    @Test(arguments: try Vectors.load().versions.refused)
    func refusesEverythingElse(text: String) throws {
        let error = try #require(throws: VersionError.self) { try Version(text) }
        #expect(error.text == text)
        #expect(!error.description.contains("\n"))
    }

    @Test func comparesAsDecimals() throws {
        let ascending = try Vectors.load().versions.ascending.map { try Version($0) }
        for (earlier, later) in zip(ascending, ascending.dropFirst()) {
            #expect(earlier < later)
            #expect(earlier != later)
        }
        #expect(ascending.shuffled().sorted() == ascending)
        #expect(Set([try Version("1"), try Version("1.0"), try Version("1.000")]).count == 1)
    }

    @Test func hasAGreatestValue() throws {
        #expect(Version(millionths: 999_999_999_999_999) == (try Version("999999999.999999")))
        #expect(Version(millionths: 1_000_000_000_000_000) == nil)
        #expect(Version(millionths: .max) == nil)
    }

    @Test func errorNamesTheTextAndWhatWouldBeRight() throws {
        let error = try #require(throws: VersionError.self) { try Version("1.0\n1") }
        #expect(
            error.description == "'1.0\\u{a}1' is no version: a version is 1 to 9 digits without a leading zero, "
                + "optionally a point and 1 to 6 digits, such as 1, 0.5 or 12.25")
        let long = try #require(throws: VersionError.self) { try Version(String(repeating: "9", count: 1_000_000)) }
        #expect(long.description.utf8.count < 300)
    }
}
