/// Why a request of the domain was refused. Nothing has changed when one is thrown. Knows nothing of HTTP.
public enum DomainError: Error, Equatable, Sendable {
    /// No such object, or one that the acting user may not know of: the two must not be told apart.
    case notFound(Subject, String)
    /// The acting user's role does not allow it; the text says what.
    case forbidden(String)
    /// The present state of things does not allow it.
    case conflict(String)
    /// A value that is not acceptable; `problem` says what would be.
    case invalid(field: String, problem: String)
    /// It cannot be done just now.
    case unavailable(String)
    /// The disk is full.
    case storageFull

    /// What kind of object was looked for.
    public enum Subject: String, Sendable {
        case company, gateway, user, release, deployment, mqttAccount, token

        /// For a message.
        var noun: String { self == .mqttAccount ? "MQTT account" : rawValue }
    }
}

extension DomainError: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self {
        case .notFound(let subject, let name): "no \(subject.noun) \(quoted(name))"
        case .forbidden(let what): what
        case .conflict(let what): what
        case .invalid(let field, let problem): "\(field): \(problem)"
        case .unavailable(let what): what
        case .storageFull: "the disk is full; free some space and try again"
        }
    }
}

/// Text of unknown origin for a one-line message: in quotation marks, control characters escaped, at most 80 characters.
package func quoted(_ text: String) -> String {
    var line = "\""
    for scalar in text.unicodeScalars.prefix(80) {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .format: line += scalar.escaped(asASCII: true)
        default: line.unicodeScalars.append(scalar)
        }
    }
    return text.unicodeScalars.count > 80 ? line + "…\"" : line + "\""
}
