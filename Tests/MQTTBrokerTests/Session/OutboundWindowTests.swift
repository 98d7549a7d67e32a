import MQTTWire
import RandomSupport
import Testing

struct OutboundWindowTests {
    private func window(_ limit: Int, _ messages: (String, QoS)...) -> (OutboundWindow<String>, [PacketID]) {
        var window = OutboundWindow<String>(limit: limit)
        let ids = messages.compactMap { window.add($0.0, qos: $0.1) }
        #expect(ids.count == messages.count)
        return (window, ids)
    }

    @Test("MQTT-2.2.1-3: no packet id twice, 1 after 65535, none while the window is full")
    func givesOutPacketIDs() throws {
        var window = OutboundWindow<Int>(limit: 2)
        let first = window.add(0, qos: .atLeastOnce)
        for index in 1...70_000 {
            let id = window.add(index, qos: .atLeastOnce)
            let none = window.add(-1, qos: .atLeastOnce)
            guard let id, id != first, none == nil, !window.hasRoom, case .settled(index) = window.puback(id) else {
                Issue.record("message \(index) has packet id \(String(describing: id))")
                return
            }
        }
        #expect(window.count == 1)
    }

    @Test(
        "MQTT-2.2.1-3: nor among many that are acknowledged in any order, or come from an earlier life",
        arguments: 1...3)
    func givesOutPacketIDsAmongMany(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var window = OutboundWindow<Int>(limit: 500)
        var inFlight: Set<PacketID> = []
        for index in 0..<200_000 {
            if inFlight.count < 480 || Bool.random(using: &random) && window.hasRoom {
                let id = try #require(window.add(index, qos: .atLeastOnce) { $0.rawValue % 97 == 0 })
                guard inFlight.insert(id).inserted, id.rawValue % 97 != 0 else {
                    Issue.record("message \(index) has packet id \(id)")
                    return
                }
            } else if let id = inFlight.randomElement(using: &random) {
                inFlight.remove(id)
                _ = window.puback(id)
                if index % 1000 == 0 {
                    window.restore(packetID: id, stage: .puback, message: index)
                    _ = window.nextToResend()
                    inFlight.insert(id)
                }
            }
        }
    }

    @Test func takesOnlyTheAcknowledgementThatIsDue() throws {
        var (window, ids) = window(9, ("one", .atLeastOnce), ("two", .exactlyOnce))
        let wrong = [window.pubrec(ids[0]), window.pubcomp(ids[0]), window.puback(ids[1]), window.pubcomp(ids[1])]
        for outcome in wrong {
            guard case .unknown = outcome else {
                Issue.record("\(outcome) by the wrong acknowledgement")
                return
            }
        }
        guard case .released("two") = window.pubrec(ids[1]), case .releasedAgain = window.pubrec(ids[1]),
            case .settled(nil) = window.pubcomp(ids[1]), case .settled("one") = window.puback(ids[0]),
            case .unknown = window.puback(ids[0])
        else {
            Issue.record("a handshake went wrong")
            return
        }
        #expect(window.count == 0)
    }

    @Test("MQTT-4.3.3-4: a PUBREC that says no ends the message")
    func endsAtAFailure() throws {
        var (window, ids) = window(9, ("two", .exactlyOnce))
        guard case .settled("two") = window.pubrec(ids[0], failure: true) else {
            Issue.record("not settled")
            return
        }
        #expect(window.count == 0)
    }

    @Test(
        "MQTT-4.4.0-1, MQTT-3.3.4-10: everything again, PUBREL at once, the messages in order and no more than the peer takes, before anything new"
    )
    func sendsAgain() throws {
        var (window, ids) = window(9, ("a", .atLeastOnce), ("b", .exactlyOnce), ("c", .atLeastOnce))
        _ = window.pubrec(ids[1])
        let nothing = window.nextToResend()
        #expect(nothing == nil)
        window.connectionBegan(limit: 2)
        #expect(!window.hasRoom)
        let (first, second, none) = (window.nextToResend(), window.nextToResend(), window.nextToResend())
        #expect(first?.packetID == ids[1] && first?.message == nil && first?.stage == .pubcomp)
        #expect(second?.packetID == ids[0] && second?.message == "a")
        #expect(none == nil)
        _ = window.puback(ids[0])
        let third = window.nextToResend()
        #expect(third?.packetID == ids[2])
        #expect(!window.hasRoom)
        _ = window.pubcomp(ids[1])
        #expect(window.hasRoom)
    }

    @Test func givesBackWhatIsRemoved() throws {
        var (window, ids) = window(9, ("a", .atLeastOnce), ("b", .atLeastOnce), ("c", .atLeastOnce))
        let removed = window.remove { $0 != "b" }
        #expect(removed == ["a", "c"])
        window.remove(ids[1])
        #expect(window.count == 0 && window.hasRoom)
    }
}
