import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore

// What the pages by which people manage things have in common.

extension Pages {
    func mountManagement(on router: Router<APIContext>) {
        mountUsers(on: router)
        mountCompanies(on: router)
        mountReleases(on: router)
        mountEvents(on: router)
    }

    /// Answers whoever has the permission, and who asks by a query.
    func answer(
        _ request: Request, _ context: APIContext, for permission: Permission,
        with page: (Caller, _ parameters: [String: String]) async throws -> Response
    ) async throws -> Response {
        try await answer(request, context, for: permission) { caller in
            try await page(caller, try PercentEncoding.parameters(ofQuery: request.uri.query ?? ""))
        }
    }
}

/// Why what a form asks for was not done, for the same page again.
struct FormProblem {
    let status: HTTPResponse.Status
    /// `nameProblem` for the field `name`, and `formProblem` for what is wrong with none of the fields.
    let fields: [String: Any]

    /// - Parameters:
    ///   - error: What the domain said.
    ///   - known: The fields that the form has.
    ///   - conflictField: The field that is at fault when what it names is taken.
    /// - Throws: the error itself, if the form is not what is wrong.
    init(_ error: DomainError, fields known: Set<String>, conflictField: String? = nil) throws(DomainError) {
        switch error {
        case .invalid(let field, let problem):
            status = .unprocessableContent
            fields = ["\(known.contains(field) ? field : "form")Problem": problem.sentence]
        case .conflict(let what):
            status = .conflict
            fields = ["\(conflictField ?? "form")Problem": what.sentence]
        case .notFound, .forbidden, .unavailable, .storageFull: throw error
        }
    }
}

/// What a list's page says of the pages after it.
struct Paging {
    let fields: [String: Any]

    /// - Parameters:
    ///   - page: The page that is shown.
    ///   - path: Of the list.
    ///   - parameters: Of the query; all but the cursor stay.
    init<Item>(_ page: Page<Item>, of path: String, _ parameters: [String: String] = [:]) {
        func link(_ cursor: Cursor?) -> String {
            var query = parameters
            query["cursor"] = cursor?.description
            let pairs = query.sorted { $0.key < $1.key }.map {
                "\(PercentEncoding.encode($0.key))=\(PercentEncoding.encode($0.value))"
            }
            return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
        }
        var fields: [String: Any] = [
            "total": page.total, "shown": page.items.count, "isFirstPage": parameters["cursor"] == nil,
            "hasPages": page.nextCursor != nil || parameters["cursor"] != nil, "firstPage": link(nil),
        ]
        fields["nextPage"] = page.nextCursor.map(link)
        self.fields = fields
    }
}

extension PageRequest {
    /// The page of a list that a query asks for.
    init(in parameters: [String: String]) throws(DomainError) {
        guard let cursor = parameters["cursor"] else {
            try self.init()
            return
        }
        try self.init(cursor: try Cursor(cursor))
    }
}

/// What may just have been done, told by the page that comes next.
struct Notices {
    let path: String
    /// By the word that stands for it in the query.
    let texts: [String: String]

    /// Where the page is that says so.
    func location(_ done: String) -> String { "\(path)?done=\(done)" }

    func text(in parameters: [String: String]) -> String? { parameters["done"].flatMap { texts[$0] } }
}

extension Timestamp {
    /// A section of a template: the moment for programs, and to the second for people.
    var section: [String: Any] {
        let text = RFC3339Time(self).description
        return ["machine": text, "people": text.prefix(19).replacing("T", with: " ")]
    }
}
