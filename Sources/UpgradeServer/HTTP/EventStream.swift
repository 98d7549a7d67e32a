import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// Writes what changes to one listener, until it leaves, its log-in no longer holds or the server stops.
struct EventStream: Sendable {
    let services: Services
    let access: Access
    let caller: Caller
    /// What happened while the listener was away, oldest first; nil when that cannot be told.
    let missed: [Event]?
    let changes: ChangeSubscription

    private var principal: Principal { caller.principal }

    /// Changes of more objects than this at once are told as a reset: reading a list is cheaper then.
    private static let detailLimit = 200
    /// At most this often, so that what changes quickly is told once, with its last state.
    private static let pause = Duration.milliseconds(250)
    /// How often transfers under way are looked at.
    private static let progressInterval = Duration.milliseconds(500)

    func write(to writer: inout any ResponseBodyWriter) async throws {
        // A comment at once: the listener learns that it is connected.
        try await writer.write(ByteBuffer(string: ServerSentEvent.heartbeat))
        if let missed, missed.count <= HTTPLimits.replayedEvents {
            try await writer.write(ByteBuffer(string: try text(of: missed)))
        } else {
            try await writer.write(ByteBuffer(string: Self.reset.text))
        }
        let inbox = Inbox()
        let logInRings = access.sessions.bell.rings(for: principal.username)
        // What ended before the bell was there is found out now.
        inbox.ring()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await change in changes { inbox.put(change) }
                inbox.finish()
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: HTTPLimits.heartbeat)
                    inbox.ring()
                }
            }
            group.addTask { try await watchTransfers(inbox) }
            group.addTask { for await _ in logInRings { inbox.ring() } }
            defer { group.cancelAll() }
            for await _ in inbox.bell.cancelOnGracefulShutdown() {
                // Whoever logged out, or may something else by now, learns nothing more.
                guard try await access.stillHolds(caller) else { break }
                let (changes, progress, overflowed) = inbox.take()
                let text =
                    try await text(of: changes) + text(of: progress) + (overflowed ? Self.reset.text : "")
                try await writer.write(ByteBuffer(string: text.isEmpty ? ServerSentEvent.heartbeat : text))
                try await Task.sleep(for: Self.pause)
            }
        }
    }

    /// Puts into the inbox how far transfers are that got on.
    private func watchTransfers(_ inbox: Inbox) async throws {
        var told: [GatewayID: TransferProgress] = [:]
        while true {
            try await Task.sleep(for: Self.progressInterval)
            // While the database does not answer there is nothing to tell.
            let transfers = (try? await services.gateways.transfersUnderWay(as: principal)) ?? []
            let changed = transfers.filter { told[$0.gateway] != $0 }.prefix(Self.detailLimit)
            let gateways = Set(transfers.map(\.gateway))
            told = told.filter { gateways.contains($0.key) }
            for transfer in changed { told[transfer.gateway] = transfer }
            if !changed.isEmpty { inbox.put(Array(changed)) }
        }
    }

    private static let reset = ServerSentEvent(kind: "reset", data: "{}")

    private func text(of changes: [ChangeSet]) async throws -> String {
        var text = try text(of: changes.flatMap(\.events))
        let gateways = Set(changes.flatMap { $0.gateways.map(\.id) })
        let deployments = Set(changes.flatMap { $0.deployments.map(\.id) })
        let isTooMuch = gateways.count > Self.detailLimit || deployments.count > Self.detailLimit
        if isTooMuch || changes.contains(where: \.isIncomplete) { return text + Self.reset.text }
        for id in gateways.sorted() {
            guard let gateway = try await found({ try await services.gateways.findExplained(id, as: principal) }) else {
                continue
            }
            text += try Self.event(.gateway(GatewayBody(gateway)))
        }
        if principal.may(.viewDeployments) {
            for id in deployments.sorted() {
                guard let body = try await found({ try await services.deploymentBody(id, as: principal) }) else {
                    continue
                }
                text += try Self.event(.deployment(body))
            }
        }
        for version in Set(changes.flatMap(\.changedReleases)).sorted() {
            guard let listed = try await found({ try await services.releases.latest(version, as: principal) }) else {
                continue
            }
            text += try Self.event(.release(ReleaseBody(listed.release, gateways: listed.gateways)))
        }
        return text
    }

    /// Whoever may not read the event log learns that something happened, and nothing of it.
    private func text(of events: [Event]) throws -> String {
        guard principal.may(.viewEvents) else { return events.isEmpty ? "" : try Self.event(.changed) }
        return try events.map { try Self.event(.event(EventBody($0)), id: $0.id) }.joined()
    }

    private func text(of progress: [TransferProgress]) throws -> String {
        try progress.map { try Self.event(.progress(ProgressBody($0))) }.joined()
    }

    private static func event(_ event: StreamEvent, id: Int64? = nil) throws -> String {
        ServerSentEvent(id: id, kind: event.name, data: String(decoding: try event.data(), as: UTF8.self)).text
    }

    /// What is gone, or out of sight, by the time it is looked up has nothing to tell.
    private func found<Value>(_ look: () async throws -> Value) async throws -> Value? {
        do {
            return try await look()
        } catch DomainError.notFound {
            return nil
        }
    }
}

/// What one listener has not been told yet. Bounded: who reads too slowly is told to read the lists anew.
private final class Inbox: Sendable {
    private static let limit = 64

    let bell: AsyncStream<Void>
    private let rope: AsyncStream<Void>.Continuation
    private let state = Mutex(State())

    private struct State {
        var changes: [ChangeSet] = []
        /// The latest look at the transfers; one that was not taken is out of date.
        var progress: [TransferProgress] = []
        var overflowed = false
    }

    init() {
        (bell, rope) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func put(_ changes: ChangeSet) {
        state.withLock { state in
            if state.changes.count < Self.limit {
                state.changes.append(changes)
            } else {
                state.overflowed = true
            }
        }
        rope.yield()
    }

    func put(_ progress: [TransferProgress]) {
        state.withLock { $0.progress = progress }
        rope.yield()
    }

    func ring() { rope.yield() }

    func finish() { rope.finish() }

    /// What has come since the last call, and whether there was more than is kept.
    func take() -> (changes: [ChangeSet], progress: [TransferProgress], overflowed: Bool) {
        state.withLock { state in
            defer { state = State() }
            return (state.changes, state.progress, state.overflowed)
        }
    }
}
