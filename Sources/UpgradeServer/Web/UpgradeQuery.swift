import HTTPTypes
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What the address of the upgrade page asks for.
struct UpgradeQuery {
    /// Which gateways.
    var filter = GatewayFilter()
    /// The version that is to be sent, chosen beforehand.
    var version: Version?
    /// Where the list goes on.
    var cursor: Cursor?
    /// The order that was just given.
    var ordered: DeploymentID?

    /// A field that is empty asks for nothing, as forms send those that were left alone.
    ///
    /// - Throws: a 422 for what is no value of its field.
    init(_ parameters: [String: String]) throws {
        func read<Value>(_ name: String, expected: String, _ form: (String) -> Value?) throws(Problem) -> Value? {
            guard let text = parameters[name], !text.isEmpty else { return nil }
            guard let value = form(text) else {
                throw Problem(.unprocessableContent, "\(name): \(quoted(text)) is not \(expected)", field: name)
            }
            return value
        }
        filter.search = try read("search", expected: "a text") { $0 }
        filter.company = try read("company", expected: "a company id") { try? CompanyID($0) }
        filter.state = try read("state", expected: "a state") { UpgradeState(rawValue: $0) }
        filter.online = try read("online", expected: "true or false") { Bool($0) }
        filter.approved = try read("approved", expected: "true or false") { Bool($0) }
        filter.version = try read("running", expected: "a version") { try? Version($0) }
        version = try read("version", expected: "a version") { try? Version($0) }
        cursor = try read("cursor", expected: "a place in a list") { try? Cursor($0) }
        ordered = try read("ordered", expected: "the number of an order") {
            Int64($0).map(DeploymentID.init(rawValue:))
        }
    }

    /// Whether it asks for less than everything.
    var isNarrow: Bool { filter != GatewayFilter() }

    /// The address that asks for the same, elsewhere in the list or of another company.
    func address(company: CompanyID? = nil, cursor: Cursor? = nil) -> String {
        let filter = filter
        let fields: [(String, String?)] = [
            ("search", filter.search), ("company", (company ?? filter.company)?.rawValue),
            ("state", filter.state?.rawValue), ("online", filter.online.map(String.init)),
            ("approved", filter.approved.map(String.init)), ("running", filter.version?.description),
            ("version", version?.description), ("cursor", cursor?.description),
        ]
        let query = fields.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encode($0))" } }
        return query.isEmpty ? "/upgrade" : "/upgrade?" + query.joined(separator: "&")
    }
}
