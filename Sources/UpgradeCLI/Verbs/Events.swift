import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl events`
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what happened, the latest last.")

    @Option(help: ArgumentHelp("To this gateway.", valueName: "id"), transform: Parse.gatewayID)
    var gateway: GatewayID?

    @Option(help: ArgumentHelp("By this user.", valueName: "username"))
    var user: String?

    @Option(
        name: .customLong("kind"),
        help: ArgumentHelp("Of this kind, such as upgradeConfirmed; may be repeated.", valueName: "kind"))
    var kinds: [String] = []

    @Option(
        help: ArgumentHelp("From this time on, such as 2026-11-22T04:20:46Z.", valueName: "time"), transform: Parse.time
    )
    var since: RFC3339Time?

    @Option(help: ArgumentHelp("Before this time.", valueName: "time"), transform: Parse.time)
    var until: RFC3339Time?

    @Flag(help: "Go on with what happens from now on, one event a line.")
    var follow = false

    @Option(help: ArgumentHelp("At most so many past events (default 100).", valueName: "count"))
    var limit = 100

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard (1...1_000).contains(limit) else { throw ValidationError("--limit \(limit) is not from 1 to 1000") }
        guard until == nil || !follow else { throw ValidationError("--follow goes on for ever; leave out --until") }
    }

    func run() async throws {
        try await options.connection.withDaemon { client in
            guard follow else { return try show(try await past(client)) }
            // Opened before the past is read, so that nothing falls between the two.
            let stream = try await client.stream()
            try await follow(stream, after: try await past(client).items.reversed())
        }
    }

    private func past(_ client: APIClient) async throws(APIError) -> PageBody<EventBody> {
        try await client.events(
            EventQuery(gateway: gateway, user: user, kinds: kinds, since: since, until: until),
            page: PageQuery(limit: limit))
    }

    private func show(_ page: PageBody<EventBody>) throws {
        let printer = Printer(options.connection)
        guard !options.connection.json else { return try printer.json(page) }
        var table = Table("TIME", "EVENT", "BY", "GATEWAY", "COMPANY", "DETAIL", yielding: ["DETAIL", "BY", "GATEWAY"])
        for event in page.items.reversed() {
            table.add(
                event.time.short, event.kind, event.actor, event.gatewayId?.rawValue, event.companyId?.rawValue,
                event.detail)
        }
        printer.show(table)
    }

    private func follow(_ stream: StreamEvents, after past: [EventBody]) async throws {
        for event in past { try showLine(event) }
        for try await case .event(let event) in stream where isWanted(event) && !past.contains(event) {
            try showLine(event)
        }
        throw Failure("the daemon has ended the stream", status: ExitStatus.unreachable)
    }

    private func isWanted(_ event: EventBody) -> Bool {
        (gateway == nil || event.gatewayId == gateway) && (user == nil || event.actor == user)
            && (kinds.isEmpty || kinds.contains(event.kind))
    }

    private func showLine(_ event: EventBody) throws {
        if options.connection.json { return try Printer(options.connection).json(event) }
        let parts = [event.time.short, event.kind, event.actor, event.gatewayId?.rawValue, event.detail]
        Console.current.line(parts.compactMap { $0?.printable }.joined(separator: "  "))
    }
}
