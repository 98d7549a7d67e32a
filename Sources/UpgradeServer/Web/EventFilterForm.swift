import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// The form by which people choose events. What is left empty asks for all.
struct EventFilterForm {
    /// The names of the fields.
    static let names: Set = ["gateway", "company", "user", "kind", "since", "until"]

    /// The fields that are not empty.
    let set: [String: String]

    init(_ parameters: [String: String]) {
        set = parameters.filter { Self.names.contains($0.key) && !$0.value.isEmpty }
    }

    var filter: EventFilter {
        get throws(DomainError) {
            EventFilter(
                gateway: try read("gateway", expected: "a gateway id") { try? GatewayID($0) },
                company: try read("company", expected: "a company id") { try? CompanyID($0) }, user: set["user"],
                kinds: try read("kind", expected: "a kind of event", EventKind.init(rawValue:)).map { [$0] },
                since: try read("since", expected: Self.time, Timestamp.init(typed:)),
                until: try read("until", expected: Self.time, Timestamp.init(typed:)))
        }
    }

    private static let time = "a time in UTC, such as 2026-01-31T12:00"

    private func read<Value>(
        _ name: String, expected: String, _ read: (String) -> Value?
    ) throws(DomainError) -> Value? {
        guard let text = set[name] else { return nil }
        guard let value = read(text) else {
            throw .invalid(field: name, problem: "\(quoted(text)) is not \(expected)")
        }
        return value
    }

    /// What the form shows again, and where the same events are exported.
    var fields: [String: Any] {
        let query = set.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        let kinds = EventKind.allCases.map {
            ["kind": $0.rawValue, "words": $0.words, "isChosen": $0.rawValue == set["kind"]] as [String: Any]
        }
        return [
            "typedGateway": set["gateway"] ?? "", "typedUser": set["user"] ?? "", "typedSince": set["since"] ?? "",
            "typedUntil": set["until"] ?? "", "kinds": kinds, "isFiltered": !set.isEmpty,
            "export": query.isEmpty ? "/events.csv" : "/events.csv?\(query)",
        ]
    }
}

extension Timestamp {
    /// What browsers send for a date and time, with or without seconds, taken as UTC; or an RFC 3339 time.
    fileprivate init?(typed text: String) {
        guard let time = RFC3339Time(text) ?? RFC3339Time(text + "Z") ?? RFC3339Time(text + ":00Z") else { return nil }
        self.init(milliseconds: time.unixMilliseconds)
    }
}

extension EventKind {
    /// The name in words: `upgrade timed out`.
    var words: String {
        // What was sent is an executable that the gateway asked for, not an upgrade that somebody ordered.
        if self == .downloadSent { return "sent because the gateway asked for it" }
        let words = rawValue.reduce(into: "") { $0 += $1.isUppercase ? " " + $1.lowercased() : String($1) }
        return words.replacing("mqtt", with: "MQTT")
    }
}
