import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore

/// One row of the route table: what the router serves and what `openapi.json` describes are the same values.
struct Route: Sendable {
    var method: HTTPRequest.Method
    /// Below `/api/v1`, with `{names}` for what the path carries.
    var path: String
    /// One sentence for `openapi.json`.
    var summary: String
    /// What the caller's role must allow; nil for what everybody may read.
    var permission: Permission?
    var admission = Admission.settled
    /// The query parameters; any other refuses the request, so that a misspelt filter does not answer with everything.
    var query: [QueryParameter] = []
    var request = RequestShape.nothing
    var answer: AnswerShape
    var handler: @Sendable (Call) async throws -> Response

    /// Who gets as far as the handler.
    enum Admission: Sendable {
        /// Also who is not logged in.
        case anybody
        /// Also who has to change the password before anything else.
        case loggedIn
        case settled
        /// The same, but for programs: a token does not make another one.
        case inPerson
    }

    /// What a request carries as its body.
    enum RequestShape: Sendable {
        case nothing
        case json(SchemaName, members: [String])
        /// Any bytes, of any content type.
        case bytes

        static func json<Body: UpgradeAPI.RequestBody>(_ type: Body.Type) -> RequestShape {
            .json(SchemaName(type), members: Body.CodingKeys.allCases.map(\.stringValue))
        }
    }

    /// What a successful answer carries.
    enum AnswerShape: Sendable {
        case object(SchemaName, status: HTTPResponse.Status = .ok)
        case page(SchemaName)
        case stream
        case document
        case nothing
    }

    /// The path's parameters, in order.
    var parameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }
}

/// The name of a body in `openapi.json`: that of its Swift type.
struct SchemaName: Hashable, Sendable {
    let text: String

    init(_ type: Any.Type) { text = String(describing: type) }
}

/// A query parameter of a route.
struct QueryParameter: Sendable, Equatable {
    var name: String
    var summary: String

    static let paging = [
        QueryParameter(name: "limit", summary: "How many items at most: 1 to 1000, 100 when left out."),
        QueryParameter(name: "cursor", summary: "nextCursor of the page before."),
    ]
}

/// The rows of one resource.
protocol RouteGroup {
    var routes: [Route] { get }
}
