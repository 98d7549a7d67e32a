import MQTTBroker
import MQTTBrokerStorage
import MQTTWire
import Testing

/// Changes of one topic's retained message come from several loops, in any order.
struct RetainedTests {
    private let folder = TemporaryFolder()

    private func message(_ id: UInt64, _ topic: String) throws -> StoredMessage {
        StoredMessage(
            id: id, topic: try TopicName(topic), body: SharedSlice(SharedBytes([1])), qos: .atMostOnce, retain: true,
            properties: Properties(), expiresIn: nil, publisher: nil)
    }

    @Test("What came with the highest order counts, in one transaction or in several", arguments: [true, false])
    func theLastChangeCounts(_ isAtOnce: Bool) async throws {
        let store = try DiskSessionStore(folder: folder.path)
        _ = try store.load()
        let changes: [StoreChange] = [
            .retained(try message(12, "a"), order: 2), .retained(try message(11, "a"), order: 1),
            .retainedCleared(try TopicName("b"), order: 5), .retained(try message(13, "b"), order: 4),
            .retained(try message(14, "c"), order: 6), .retainedCleared(try TopicName("c"), order: 3),
            .retained(try message(15, "a"), order: 7), .retained(try message(16, "b"), order: 9),
            .retained(try message(17, "b"), order: 8),
        ]
        for batch in isAtOnce ? [changes] : changes.map({ [$0] }) {
            await withCheckedContinuation { continuation in store.apply(batch) { continuation.resume() } }
        }
        store.close()
        let next = try DiskSessionStore(folder: folder.path)
        let ids = Dictionary(uniqueKeysWithValues: try next.load().retained.map { ($0.topic.text, $0.id) })
        #expect(ids == ["a": 15, "b": 16, "c": 14])
        next.close()
    }
}
