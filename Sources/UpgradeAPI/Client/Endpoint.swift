/// Where a daemon answers.
public struct Endpoint: Sendable, Equatable, CustomStringConvertible {
    /// How people name it, in messages.
    public let description: String
    /// What every request's URL begins with; no slash at its end.
    let base: String

    /// The address in one spelling, so that what is kept for it is found again: lower case, and no port that the scheme implies.
    public var key: String {
        let text = description.lowercased()
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")]
        where text.hasPrefix(scheme) && text.hasSuffix(port) {
            return String(text.dropLast(port.count))
        }
        return text
    }

    /// Whether nobody on the way can read along.
    public var isEncrypted: Bool { description.lowercased().hasPrefix("https://") }

    /// Whether what is sent there does not leave this machine.
    public var isOfThisMachine: Bool {
        let text = description.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else { return true }
        let authority = text.dropFirst(scheme.count)
        return ["localhost", "127.0.0.1", "[::1]"].contains { authority == $0 || authority.hasPrefix($0 + ":") }
    }

    /// The control socket of a data folder: whoever can open it is the operator.
    public static func controlSocket(path: String) -> Endpoint {
        Endpoint(description: path, base: "http+unix://" + URLText.percentEncoded(path))
    }

    /// A daemon's web address: `http://` or `https://`, a host, maybe a port; no path.
    ///
    /// - Throws: ``EndpointError`` when `url` is none.
    public static func server(_ url: String) throws(EndpointError) -> Endpoint {
        let trimmed = url.hasSuffix("/") ? String(url.dropLast()) : url
        let lowered = trimmed.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lowered.hasPrefix($0) }) else {
            throw EndpointError(url: url)
        }
        let authority = trimmed.dropFirst(scheme.count)
        guard !authority.isEmpty, authority.utf8.allSatisfy(URLText.isAuthorityByte), authority.first != ":" else {
            throw EndpointError(url: url)
        }
        return Endpoint(description: trimmed, base: trimmed)
    }
}

/// A text that is no daemon's web address.
public struct EndpointError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text.
    public let url: String

    /// The text and what would be right.
    public var description: String {
        "\(url.quoted) is not a server's address; one looks like http://127.0.0.1:5001, without a path"
    }
}

/// A name and a value of a URL's query; a nil value leaves the item out.
typealias QueryItem = (name: String, value: String?)

/// Text in URLs (RFC 3986).
enum URLText {
    /// A path below the API's root, each segment encoded, with the query items that have a value.
    static func target(_ path: [String], query: [QueryItem]) -> String {
        let items = query.compactMap { item in item.value.map { item.name + "=" + percentEncoded($0) } }
        return "/api/v1/" + path.map(segment).joined(separator: "/") + (items.isEmpty ? "" : "?")
            + items.joined(separator: "&")
    }

    /// Everything but letters, digits, `-`, `.`, `_` and `~` as `%XX`.
    static func percentEncoded(_ text: String) -> String {
        text.utf8.map { isUnreserved($0) ? String(UnicodeScalar($0)) : escape($0) }.joined()
    }

    static func isAuthorityByte(_ byte: UInt8) -> Bool {
        isUnreserved(byte) || [UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]")].contains(byte)
    }

    /// A segment of dots alone would be resolved as a relative path.
    private static func segment(_ text: String) -> String {
        text == "." || text == ".." ? text.utf8.map(escape).joined() : percentEncoded(text)
    }

    private static func escape(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "%" + (digits.count == 1 ? "0" : "") + digits
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }
}
