import FoundationEssentials
import UpgradeGateway
import UpgradeProtocol

/// What people and programs see of a simulation: events and summaries on standard output, errors on standard error.
struct SimulationReport: Sendable {
    /// How standard output looks.
    enum Style {
        /// One line an event; of a fleet with a summary now and then.
        case lines
        /// The same, each line a JSON object.
        case json
        /// One line that changes, for people who watch a fleet on a terminal.
        case live
    }

    private static let liveInterval: Duration = .milliseconds(250)
    private static let lineInterval: Duration = .seconds(10)

    private let style: Style
    private let summary: FleetSummary?
    private let errors: ErrorLines

    /// A report of `count` gateways; nil: of one alone, which needs no summary.
    init(count: Int?, isJSON: Bool, initialVersion: Version) {
        style = isJSON ? .json : count != nil && StandardStream.output.isTerminal ? .live : .lines
        summary = count.map { FleetSummary(size: $0, initialVersion: initialVersion) }
        errors = ErrorLines { StandardStream.error.writeLine($0) }
    }

    /// Shows what happened to a gateway.
    func show(_ event: GatewayEvent, of gateway: GatewayID) {
        summary?.note(event, of: gateway)
        if case .disconnected(let error, wasConnected: false, retryAfter: _) = event {
            return errors.report("\(error); trying again", of: gateway.rawValue)
        }
        switch style {
        case .lines: StandardStream.output.writeLine("\(Self.time) \(gateway): \(event)")
        case .json: StandardStream.output.writeLine(EventRecord(event, of: gateway, at: Self.time).line)
        case .live: break
        }
    }

    /// Shows how the fleet is doing, whenever that changes, until the task is cancelled.
    func showSummaries() async {
        guard let summary else { return }
        var last = ""
        while (try? await Task.sleep(for: style == .live ? Self.liveInterval : Self.lineInterval)) != nil {
            let line = summary.line
            guard line != last else { continue }
            show(summary: line)
            last = line
        }
        show(summary: summary.line)
        if style == .live { StandardStream.output.writeLine(summary.line) }
    }

    private func show(summary line: String) {
        switch style {
        case .lines: StandardStream.output.writeLine("\(Self.time) \(line)")
        case .json: StandardStream.output.writeLine(EventRecord(summary: line, at: Self.time).line)
        case .live: StandardStream.output.writeTransientLine(line)
        }
    }

    /// Now, in RFC 3339.
    private static var time: String {
        Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
