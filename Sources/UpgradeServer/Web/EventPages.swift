import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// `/events`: the log of everything that happened, and `/events.csv`: all of what a filter finds.
extension Pages {
    func mountEvents(on router: Router<APIContext>) {
        router.get("/events", use: events)
        router.get("/events.csv", use: eventsAsCSV)
        for path in ["/events", "/events.csv"] as [RouterPath] { router.refuseMethods(otherThan: [.get], on: path) }
    }

    @Sendable private func events(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .viewEvents) { caller, parameters in
            let form = EventFilterForm(parameters)
            var fields = form.fields
            var status = HTTPResponse.Status.ok
            do {
                let page = try await services.events.list(
                    try form.filter, page: try PageRequest(in: parameters), as: caller.principal)
                fields.merge(Paging(page, of: "/events", form.set.merging(parameters.cursor) { $1 }).fields) { $1 }
                fields["events"] = page.items.map { EventRow(event: $0).fields }
                fields["summary"] = "\(page.total) \(page.total == 1 ? "event" : "events")."
                fields["hasEvents"] = !page.items.isEmpty
                fields["isRead"] = true
            } catch let error as DomainError {
                let problem = try FormProblem(error, fields: EventFilterForm.names)
                fields.merge(problem.fields) { $1 }
                status = problem.status
            }
            return try await html(.events, fields, for: caller, at: "/events", status: status)
        }
    }

    @Sendable private func eventsAsCSV(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .viewEvents) { caller, parameters in
            let filter = try EventFilterForm(parameters).filter
            let first = try await services.events.list(filter, page: Self.exported(from: nil), as: caller.principal)
            let body = ResponseBody { [services, access] writer in
                var page = first
                try await writer.write(ByteBuffer(string: CSV.line(Self.columns)))
                while true {
                    let lines = page.items.map { CSV.line(Self.values($0)) }.joined()
                    try await writer.write(ByteBuffer(string: lines))
                    // Whoever logged out, or may something else by now, gets no more; the file breaks off.
                    guard let cursor = page.nextCursor else { break }
                    guard try await access.stillHolds(caller) else { throw Problem.logInFirst }
                    page = try await services.events.list(
                        filter, page: Self.exported(from: cursor), as: caller.principal)
                }
                try await writer.finish(nil)
            }
            return Response(
                status: .ok,
                headers: [
                    .contentType: "text/csv; charset=utf-8; header=present",
                    .contentDisposition: #"attachment; filename="events.csv""#,
                ], body: body)
        }
    }

    private static func exported(from cursor: Cursor?) throws(DomainError) -> PageRequest {
        try PageRequest(limit: PageRequest.maximumLimit, cursor: cursor)
    }

    private static let columns = ["id", "time", "kind", "actor", "gateway", "company", "count", "detail"]

    private static func values(_ event: Event) -> [String] {
        [
            String(event.id), RFC3339Time(event.time).description, event.kind.rawValue, event.actor ?? "",
            event.gatewayID?.rawValue ?? "", event.companyID?.rawValue ?? "", String(event.count), event.detail,
        ]
    }
}

extension [String: String] {
    fileprivate var cursor: [String: String] { filter { $0.key == "cursor" } }
}
