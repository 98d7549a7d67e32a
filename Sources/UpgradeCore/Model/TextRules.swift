import UpgradeProtocol

/// What people may call things. One file for all limits of text that comes from outside.
enum TextRules {
    /// Bytes of UTF-8. Room for `New Gateway` and the longest gateway id.
    static let nameLength = 256
    static let addressLength = 512
    static let usernameLength = 128
    /// Bytes of an event's detail; a longer one is cut.
    static let detailLength = 1024
    /// Rows that one gateway brings about in an hour by events of one kind that coalesce, each with a detail of its own; what goes beyond is one row more.
    static let detailsPerHour = 10
    static let passwordLength = 8...1024
    /// Bytes of a topic filter: the most that MQTT carries in one string.
    static let filterLength = 65_535
    /// Filters of each sort that one MQTT account may have: what it sends is compared with all of them.
    static let filterCount = 100

    /// The name without white space at its ends.
    static func name(_ text: String, field: String = "name") throws(DomainError) -> String {
        let name = trimmed(text)
        if name.isEmpty { throw .invalid(field: field, problem: "it is empty") }
        try check(name, field: field, limit: nameLength)
        return name
    }

    /// The address without white space at its ends; nil when nothing is left.
    static func address(_ text: String) throws(DomainError) -> String? {
        let address = trimmed(text)
        try check(address, field: "address", limit: addressLength)
        return address.isEmpty ? nil : address
    }

    /// A name to log in with: also part of a URL's path, and unlike every name that stands for no user.
    static func username(_ text: String) throws(DomainError) -> String {
        if text.isEmpty { throw .invalid(field: "username", problem: "it is empty") }
        try check(text, field: "username", limit: usernameLength)
        if text.unicodeScalars.contains(where: { $0.properties.isWhitespace || $0 == "/" }) {
            throw .invalid(field: "username", problem: "\(quoted(text)) contains white space or a slash")
        }
        if text.lowercased() == Principal.operatorName {
            throw .invalid(field: "username", problem: "\(quoted(text)) stands for the control socket; choose another")
        }
        return text
    }

    static func password(_ text: String) throws(DomainError) {
        guard passwordLength.contains(text.utf8.count) else {
            throw .invalid(
                field: "password",
                problem:
                    "it has \(byteCount(text.utf8.count)), not \(passwordLength.lowerBound) to \(passwordLength.upperBound)"
            )
        }
    }

    /// Why a user of `company` does not become a super user. A company is called by its id: another one may be named like the super company.
    static func superElsewhere(_ company: CompanyID) -> String {
        "super users belong to the company with the id \(quoted(CompanyID.superCompany.rawValue)) alone, and this one has the id \(quoted(company.rawValue))"
    }

    /// At most so many bytes of the text, cut between characters.
    static func cut(_ text: String, toBytes limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var cut = ""
        for character in text {
            guard cut.utf8.count + character.utf8.count <= limit - "…".utf8.count else { break }
            cut.append(character)
        }
        return cut + "…"
    }

    private static func check(_ text: String, field: String, limit: Int) throws(DomainError) {
        guard text.utf8.count <= limit else {
            throw .invalid(field: field, problem: "it has \(text.utf8.count) bytes, the most is \(limit)")
        }
        guard !text.unicodeScalars.contains(where: \.isInvisible) else {
            throw .invalid(field: field, problem: "\(quoted(text)) contains control characters or line breaks")
        }
    }

    /// The text without the white space at its ends.
    static func trimmed(_ text: String) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}

extension Unicode.Scalar {
    /// Breaks or reorders a line without being seen. Joiners, which emoji and some scripts are written with, do not.
    fileprivate var isInvisible: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        case .format: self != "\u{200C}" && self != "\u{200D}"
        default: false
        }
    }
}
