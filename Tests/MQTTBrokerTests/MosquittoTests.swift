import MQTTBroker
import MQTTWire
import Testing

/// Debian's command-line clients against the broker.
@Suite(.serialized, .enabled(if: Program.isInstalled("mosquitto_sub"), "mosquitto-clients are not installed"))
struct MosquittoTests {
    @Test(arguments: ["mqttv31", "mqttv311", "mqttv5"], QoS.allCases)
    func publishesAndSubscribes(version: String, qos: QoS) async throws {
        try await withBroker { broker, port in
            let common = ["-p", "\(port)", "-V", version, "-q", "\(qos.rawValue)"]
            let subscriber = try Program(
                "mosquitto_sub", common + ["-t", "a/#", "-C", "3", "-F", "%t %p %q %r", "-W", "10"])
            try eventually("it subscribes") { broker.snapshot.subscriptions == 1 }
            for index in 1...3 {
                let publisher = try Program("mosquitto_pub", common + ["-t", "a/\(index)", "-m", "m\(index)"])
                #expect(try publisher.finish().status == 0)
            }
            let (status, output) = try subscriber.finish()
            #expect(status == 0)
            #expect(output == (1...3).map { "a/\($0) m\($0) \(qos.rawValue) 0\n" }.joined())
        }
    }

    @Test func queuesForAnAbsentSubscriber() async throws {
        try await withBroker { broker, port in
            let subscribe = ["-p", "\(port)", "-i", "s", "-c", "-q", "1", "-t", "t"]
            #expect(try Program("mosquitto_sub", subscribe + ["-E"]).finish().status == 0)
            try eventually("it left") { broker.snapshot.connections == 0 && broker.snapshot.sessions == 1 }
            let publisher = try Program("mosquitto_pub", ["-p", "\(port)", "-q", "2", "-t", "t", "-m", "kept"])
            #expect(try publisher.finish().status == 0)
            let back = try Program("mosquitto_sub", subscribe + ["-C", "1", "-W", "10"]).finish()
            #expect(back.output == "kept\n")
        }
    }

    @Test func isToldOfARefusal() async throws {
        let hooks = Hooks(authenticate: { _, _ in .refuse(.notAuthorized) })
        try await withBroker(hooks: hooks) { _, port in
            for version in ["mqttv311", "mqttv5"] {
                let client = try Program(
                    "mosquitto_pub", ["-p", "\(port)", "-V", version, "-t", "t", "-m", "x"])
                #expect(try client.finish().status != 0)
            }
        }
    }
}
