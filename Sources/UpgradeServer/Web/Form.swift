import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore

extension Request {
    /// The fields of a form that a page of ours sends.
    ///
    /// - Throws: a 415 for another content type, a 413 for a body over `limit` bytes, a 422 for one that is no form.
    func form(upTo limit: Int = HTTPLimits.formBody) async throws -> [String: String] {
        let contentType = headers[.contentType].flatMap(MediaType.init(from:))
        guard contentType?.isType(.applicationUrlEncoded) == true else {
            throw Problem(.unsupportedMediaType, "the body must be a form: application/x-www-form-urlencoded")
        }
        do {
            let buffer = try await body.collect(upTo: limit)
            return try PercentEncoding.parameters(ofQuery: String(buffer: buffer))
        } catch is NIOTooManyBytesError {
            throw Problem(.contentTooLarge, "the form has more than \(limit) bytes")
        }
    }
}

/// The names of the fields that a form has, beside the session's token. One that has another asks for what we do not do, and is refused whole.
struct FormFields: ExpressibleByArrayLiteral {
    private let names: Set<String>
    /// Before what the page puts into the names of a list's fields.
    private let prefix: String?

    init(_ names: Set<String>, prefix: String? = nil) {
        self.names = names.union(["csrfToken"])
        self.prefix = prefix
    }

    init(arrayLiteral names: String...) { self.init(Set(names)) }

    /// - Throws: a 422 that names a field which the form does not have.
    func check(_ form: [String: String]) throws(Problem) {
        for field in form.keys.sorted() where !names.contains(field) {
            if let prefix, field.hasPrefix(prefix) { continue }
            throw Problem(
                .unprocessableContent, "\(quoted(field)): no such field here, so nothing was done", field: field)
        }
    }
}

/// A page of ours that somebody was on the way to. It cannot lead to another server, whatever a link made of it.
struct LocalTarget: Equatable {
    let path: String

    static let home = LocalTarget("/")

    /// Room for an address of the upgrade page with a long search.
    private static let length = 1024

    /// The path with its query, or ``home`` when it is not a plain path of this server.
    init(_ path: String) {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let isPlain =
            parts[0].utf8.allSatisfy { Self.isPlain($0) || $0 == UInt8(ascii: "/") }
            && parts.dropFirst().allSatisfy { $0.utf8.allSatisfy { Self.isPlain($0) || "%=&.,+*".utf8.contains($0) } }
        let isLocal = path.hasPrefix("/") && !path.hasPrefix("//") && path.utf8.count <= Self.length
        self.path = isPlain && isLocal && parts[0] != "/login" ? path : "/"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The one that a query or form remembers.
    init(in parameters: [String: String]) { self.init(parameters["next"] ?? "/") }
}
