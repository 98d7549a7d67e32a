import Testing
import UpgradeProtocol

@Suite struct IdentifierTests {
    @Test(arguments: try Vectors.load().gatewayIds.accepted)
    func acceptsGatewayIDs(text: String) throws {
        #expect(Array(try GatewayID(text).rawValue.utf8) == Array(text.utf8))
    }

    @Test(arguments: try Vectors.load().gatewayIds.refused)
    func refusesGatewayIDs(vector: Vectors.Identifiers.Refused) throws {
        let error = try #require(throws: IdentifierError.self) { try GatewayID(vector.text) }
        #expect(error.ruleName == vector.rule)
        #expect(error.kind == .gateway)
        #expect(!error.description.contains("\n"))
    }

    @Test(arguments: try Vectors.load().companyIds.accepted)
    func acceptsCompanyIDs(text: String) throws {
        #expect(Array(try CompanyID(text).rawValue.utf8) == Array(text.utf8))
    }

    @Test(arguments: try Vectors.load().companyIds.refused)
    func refusesCompanyIDs(vector: Vectors.Identifiers.Refused) throws {
        let error = try #require(throws: IdentifierError.self) { try CompanyID(vector.text) }
        #expect(error.ruleName == vector.rule)
        #expect(error.kind == .company)
    }

    @Test func idsAreBytesNotCharacters() throws {
        let composed = try GatewayID("\u{E9}")
        let decomposed = try GatewayID("e\u{301}")
        #expect(composed.rawValue == decomposed.rawValue, "Swift's strings take them for the same")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(decomposed < composed)
    }

    @Test func errorNamesTheTextAndTheRule() throws {
        let slash = try #require(throws: IdentifierError.self) { try GatewayID("a/b") }
        #expect(slash.description == "'a/b' is no gateway id: '/' may not stand in it")
        let long = try #require(throws: IdentifierError.self) { try CompanyID(String(repeating: "x", count: 65)) }
        #expect(long.description.hasSuffix("…' is no company id: it has 65 bytes, the most is 64"))
    }
}
