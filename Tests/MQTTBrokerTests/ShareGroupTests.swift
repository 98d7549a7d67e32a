import MQTTWire
import Testing

@testable import MQTTBroker

/// Who gets what a share group gets.
struct ShareGroupTests {
    private func group(_ members: Int, connected: Int) throws -> ShareGroup {
        let group = ShareGroup(filter: try TopicFilter("$share/g/t"))
        for number in 0..<members { group.update(try member(number, isConnected: number < connected)) }
        return group
    }

    private func member(_ number: Int, isConnected: Bool) throws -> ShareGroup.Member {
        ShareGroup.Member(clientID: try ClientID("c\(number)"), loop: 0, isConnected: isConnected)
    }

    private func picks(_ count: Int, of group: ShareGroup) -> [String: Int] {
        var picks: [String: Int] = [:]
        for _ in 0..<count { picks[group.pick()?.clientID.text ?? "nobody", default: 0] += 1 }
        return picks
    }

    @Test("MQTT-4.8.2-4: those that are connected take turns, and the others while nobody is")
    func connectedOnesFirst() throws {
        let group = try group(5, connected: 2)
        #expect(picks(10, of: group) == ["c0": 5, "c1": 5])
        group.update(try member(1, isConnected: false))
        #expect(picks(10, of: group) == ["c0": 10])
        group.remove(try ClientID("c0"))
        #expect(picks(8, of: group) == ["c1": 2, "c2": 2, "c3": 2, "c4": 2])
        group.update(try member(3, isConnected: true))
        group.update(try member(3, isConnected: true))
        #expect(picks(3, of: group) == ["c3": 3])
        for number in 1...4 { group.remove(try ClientID("c\(number)")) }
        #expect(group.isEmpty && group.pick() == nil)
        group.remove(try ClientID("c1"))
    }

    /// Looking through all members each time would take a thousand times as long as the limit.
    @Test(.timeLimit(.minutes(1))) func manyMembersCostNoMore() throws {
        let group = try group(50_000, connected: 1)
        #expect(picks(200_000, of: group) == ["c0": 200_000])
        for number in 0..<50_000 { group.update(try member(number, isConnected: number % 2 == 0)) }
        #expect(picks(25_000, of: group).values.allSatisfy { $0 == 1 })
        for number in 0..<50_000 { group.remove(try ClientID("c\(number)")) }
        #expect(group.isEmpty)
    }
}
