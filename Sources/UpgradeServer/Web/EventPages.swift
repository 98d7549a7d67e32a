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
            var fields = form.fields.merging(try await companies(form.set["company"], for: caller.principal)) { $1 }
            var status = HTTPResponse.Status.ok
            do {
                let page = try await services.events.list(
                    try await filter(of: form, for: caller.principal), page: try PageRequest(in: parameters),
                    as: caller.principal)
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
            let filter = try await filter(of: EventFilterForm(parameters), for: caller.principal)
            let first = try await services.events.batch(
                filter, below: nil, limit: Self.exportedAtOnce, as: caller.principal)
            let body = ResponseBody { [services, access] writer in
                var batch = first
                try await writer.write(ByteBuffer(string: CSV.line(Self.columns)))
                while let last = batch.last {
                    let lines = batch.map { CSV.line(Self.values($0)) }.joined()
                    try await writer.write(ByteBuffer(string: lines))
                    guard batch.count == Self.exportedAtOnce else { break }
                    // Whoever logged out, or may something else by now, gets no more; the file breaks off.
                    guard try await access.stillHolds(caller) else { throw Problem.logInFirst }
                    batch = try await services.events.batch(
                        filter, below: last.id, limit: Self.exportedAtOnce, as: caller.principal)
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

    /// - Throws: ``DomainError/invalid(field:problem:)``, also for a company that is not there for the user.
    private func filter(of form: EventFilterForm, for user: Principal) async throws -> EventFilter {
        let filter = try form.filter
        guard let company = filter.company else { return filter }
        do {
            _ = try await services.companies.find(company, as: user)
        } catch DomainError.notFound {
            throw DomainError.invalid(
                field: "company", problem: "there is no company \(quoted(company.rawValue)) here")
        }
        return filter
    }

    /// The companies among which the form lets choose whoever sees the events of more than one; where there are too many, the id is typed.
    private func companies(_ chosen: String?, for user: Principal) async throws -> [String: Any] {
        guard try user.scope(for: .viewEvents) == .everything else { return [:] }
        let page = try await services.companies.list(
            page: PageRequest(limit: PageRequest.maximumLimit), as: user)
        return [
            "choosesCompany": true, "companiesAreListed": page.nextCursor == nil, "typedCompany": chosen ?? "",
            "companies": page.items.map { company in
                [
                    "id": company.id.rawValue,
                    "text": "\(company.id.rawValue.visible): \(company.name.visible)",
                    "isChosen": company.id.rawValue == chosen,
                ] as [String: Any]
            },
        ]
    }

    private static let exportedAtOnce = PageRequest.maximumLimit

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
