import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI

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

/// A page of ours that somebody was on the way to. It cannot lead to another server, whatever a link made of it.
struct LocalTarget: Equatable {
    let path: String

    static let home = LocalTarget("/")

    /// The path, or ``home`` when it is not a plain path of this server.
    init(_ path: String) {
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        let isLocal = path.hasPrefix("/") && !path.hasPrefix("//") && path.utf8.count <= 256
        self.path = isPlain && isLocal && path != "/login" ? path : "/"
    }

    /// The one that a query or form remembers.
    init(in parameters: [String: String]) { self.init(parameters["next"] ?? "/") }
}
