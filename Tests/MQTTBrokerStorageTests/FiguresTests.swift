import MQTTBroker
import MQTTWire
import Testing

@testable import MQTTBrokerStorage

/// What a store says of itself, and that its file gives back what it no longer needs.
struct FiguresTests {
    private let folder = TemporaryFolder()

    private func queued(_ id: UInt64, bytes: Int, for client: ClientID) throws -> StoreChange {
        let message = StoredMessage(
            id: id, topic: try TopicName("t"), body: SharedSlice(SharedBytes([UInt8](repeating: 1, count: bytes))),
            qos: .atLeastOnce, retain: false, properties: Properties(), expiresIn: nil, publisher: nil)
        return .queued(
            client,
            StoredDelivery(message: message, qos: .atLeastOnce, retain: false, identifiers: [], stage: .queued))
    }

    private func apply(_ changes: [StoreChange], to store: DiskSessionStore) async {
        await withCheckedContinuation { continuation in store.apply(changes) { continuation.resume() } }
    }

    @Test func countsWhatIsStored() async throws {
        let store = try DiskSessionStore(folder: folder.path)
        _ = try store.load()
        let clients = try (0..<2).map { try ClientID("c\($0)") }
        for client in clients {
            await apply(
                [
                    .sessionPresent(client, owner: .anonymous, expiresIn: nil),
                    try queued(1, bytes: 100, for: client), try queued(2, bytes: 100, for: client),
                ], to: store)
        }
        let figures = try #require(store.figures)
        #expect(figures.sessions == 2 && figures.messages == 2)
        #expect(figures.commits == 2 && figures.failures == 0 && figures.commitTime > .zero)
        #expect(figures.bytes > 4096)
        let inspection = try #require(try StorageInspection.of(folder: folder.path))
        #expect(inspection.sessions == 2 && inspection.messages == 2 && inspection.retained == 0)
        store.close()
        #expect(try StorageInspection.of(folder: folder.path + "/none") == nil)
        let next = try DiskSessionStore(folder: folder.path)
        _ = try next.load()
        #expect(next.figures?.sessions == 2 && next.figures?.messages == 2)
        next.close()
    }

    @Test func isSeenBelowSys() async throws {
        let site = Site()
        try await site.start()
        let client = try site.client("s")
        try client.subscribe("$SYS/broker/persistence/+", qos: .atMostOnce)
        var values: [String: String] = [:]
        for _ in 0..<5 {
            let publish = try client.nextPublish()
            values[publish.topicText] = publish.text
        }
        #expect(values["$SYS/broker/persistence/sessions"] == "1")
        #expect(values["$SYS/broker/persistence/failures"] == "0")
    }

    @Test func theFileShrinks() async throws {
        let store = try DiskSessionStore(folder: folder.path, now: { .now }, clockInterval: .milliseconds(20))
        _ = try store.load()
        let client = try ClientID("c")
        await apply([.sessionPresent(client, owner: .anonymous, expiresIn: nil)], to: store)
        for id in UInt64(1)...32 { await apply([try queued(id, bytes: 1 << 20, for: client)], to: store) }
        #expect(store.figures?.bytes ?? 0 > 32 << 20)
        await apply([.sessionEnded(client)], to: store)
        for _ in 0..<1000 where store.figures?.bytes ?? 0 > 6 << 20 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(store.figures?.bytes ?? .max <= 6 << 20)
        store.close()
    }
}
