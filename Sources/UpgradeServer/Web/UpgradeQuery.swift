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
    /// The gateways whose history is shown, the last unfolded one last.
    private(set) var unfolded: [GatewayID] = []

    /// Each costs queries, and room in the address; the one that was unfolded first is folded again.
    private static let unfoldedRows = 8
    /// Before the state in the name of a check box: no form may name a field twice.
    static let statePrefix = "state."
    /// No gateway id has it.
    private static let separator: Character = "/"

    /// Everything.
    init() {}

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
        filter.online = try read("online", expected: "true or false") { Bool($0) }
        filter.approved = try read("approved", expected: "true or false") { Bool($0) }
        filter.versions = try read("running", expected: "one or several versions") {
            Self.set(of: $0) { try? Version($0) }
        }
        var states = try read("state", expected: "one or several states") {
            Self.set(of: $0) { UpgradeState(rawValue: $0) }
        }
        for name in parameters.keys where name.hasPrefix(Self.statePrefix) {
            guard let state = UpgradeState(rawValue: String(name.dropFirst(Self.statePrefix.count))) else {
                throw Problem(.unprocessableContent, "\(quoted(name)) names no state", field: name)
            }
            states = (states ?? []).union([state])
        }
        filter.states = states
        filter.deployment = try read("order", expected: "the number of an order", Self.order)
        version = try read("version", expected: "a version") { try? Version($0) }
        cursor = try read("cursor", expected: "a place in a list") { try? Cursor($0) }
        ordered = try read("ordered", expected: "the number of an order", Self.order)
        unfolded =
            try read("unfold", expected: "one or several gateway ids") { text in
                let ids = text.split(separator: Self.separator).map { try? GatewayID(String($0)) }
                return ids.contains(nil) ? nil : ids.compactMap { $0 }
            } ?? []
        unfolded = unfolded.suffix(Self.unfoldedRows)
    }

    /// The list that a form says it came from, or all of it; never another page.
    init(ofList text: String?) {
        let parameters = try? text.map { text throws(Problem) in try PercentEncoding.parameters(ofQuery: text) }
        self = parameters.flatMap { try? UpgradeQuery($0) } ?? UpgradeQuery()
    }

    static func order(_ text: String) -> DeploymentID? { Int64(text).map(DeploymentID.init(rawValue:)) }

    /// Whether a field says which gateways a list shows, or where it goes on.
    static func isOfList(_ field: String) -> Bool {
        ["search", "state", "online", "approved", "running", "order", "cursor"].contains(field)
            || field.hasPrefix(statePrefix)
    }

    /// Values with commas or white space between them; nil if there is none, or something else.
    private static func set<Value: Hashable>(of text: String, _ form: (String) -> Value?) -> Set<Value>? {
        let values = text.split { $0 == "," || $0.isWhitespace }.map { form(String($0)) }
        return values.isEmpty || values.contains(nil) ? nil : Set(values.compactMap { $0 })
    }

    /// Whether it asks for less than everything.
    var isNarrow: Bool { filter != GatewayFilter() }

    func isUnfolded(_ id: GatewayID) -> Bool { unfolded.contains(id) }

    /// The same with the history of one more gateway, or of one less.
    func toggling(_ id: GatewayID) -> UpgradeQuery {
        var query = self
        query.unfolded = isUnfolded(id) ? unfolded.filter { $0 != id } : unfolded.suffix(Self.unfoldedRows - 1) + [id]
        return query
    }

    /// The same, elsewhere in the list or of another company.
    func at(company: CompanyID? = nil, _ cursor: Cursor? = nil) -> UpgradeQuery {
        var query = self
        query.filter.company = company ?? filter.company
        query.cursor = cursor
        query.ordered = nil
        query.unfolded = []
        return query
    }

    /// The same of all companies.
    var ofAllCompanies: UpgradeQuery {
        var query = at()
        query.filter.company = nil
        return query
    }

    /// What comes after the path of its address.
    var text: String {
        let fields: [(String, String?)] = [
            ("search", filter.search), ("company", filter.company?.rawValue),
            ("state", filter.states.map { $0.map(\.rawValue).sorted().joined(separator: ",") }),
            ("online", filter.online.map(String.init)), ("approved", filter.approved.map(String.init)),
            ("running", filter.versions.map { $0.sorted().map(\.description).joined(separator: ",") }),
            ("order", filter.deployment?.description), ("version", version?.description),
            ("cursor", cursor?.description),
            ("ordered", ordered?.description),
            (
                "unfold",
                unfolded.isEmpty ? nil : unfolded.map(\.rawValue).joined(separator: String(Self.separator))
            ),
        ]
        return fields.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encode($0))" } }
            .joined(separator: "&")
    }

    /// The address that asks for it.
    var address: String {
        let text = text
        return text.isEmpty ? "/upgrade" : "/upgrade?" + text
    }

    /// What it asks for, in words: `last upgrade failed or timed out; online`. Empty if that is everything.
    var words: String {
        var words: [String] = []
        if let search = filter.search { words.append("“\(search.visible)” in id, name or address") }
        if let company = filter.company { words.append("company \(company.rawValue.visible)") }
        if let order = filter.deployment { words.append("order \(order)") }
        if let states = filter.states {
            words.append("last upgrade \(states.map(\.words).sorted().joined(separator: " or "))")
        }
        if let online = filter.online { words.append(online ? "online" : "offline") }
        if let versions = filter.versions {
            words.append("running \(versions.sorted().map(\.description).joined(separator: " or "))")
        }
        if let approved = filter.approved { words.append(approved ? "not in quarantine" : "in quarantine") }
        return words.joined(separator: "; ")
    }
}
