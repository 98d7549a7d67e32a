import Testing
import UpgradeCore

@testable import UpgradeServer

@Suite("Safe start")
struct SafeStartTests {
    /// On loopback, with every default in force.
    private static let harmless = SafeStart.Situation(
        plaintext: true, httpIsBeyondLoopback: false, mqttIsBeyondLoopback: false, bootstrapPasswordIsInForce: true,
        defaultSecretIsInForce: true, acceptsDefaultSecret: false, newGatewaysAreOpen: false, https: false,
        behindProxy: false, insecureListen: false)
    /// Beyond loopback, and in no other respect unsafe.
    private static let exposed = SafeStart.Situation(
        plaintext: false, httpIsBeyondLoopback: true, mqttIsBeyondLoopback: true, bootstrapPasswordIsInForce: false,
        defaultSecretIsInForce: false, acceptsDefaultSecret: false, newGatewaysAreOpen: false, https: false,
        behindProxy: true, insecureListen: false)

    @Test("Loopback with all defaults is safe")
    func loopback() throws {
        #expect(try SafeStart.check(Self.harmless).isEmpty)
    }

    @Test("Beyond loopback is safe when every guard is satisfied")
    func satisfied() throws {
        #expect(try SafeStart.check(Self.exposed).isEmpty)
    }

    /// One thing wrong at a time, and the guard that it trips.
    private static let cells: [(SafeStart.Guard, @Sendable (inout SafeStart.Situation) -> Void)] = [
        (.plaintextBeyondLoopback, { $0.plaintext = true }),
        (.bootstrapPassword, { $0.bootstrapPasswordIsInForce = true }),
        (.defaultSecret, { $0.defaultSecretIsInForce = true }),
        (.plainHTTPBeyondLoopback, { $0.behindProxy = false }),
    ]

    @Test("Each guard trips alone, and --insecure-listen overrides it", arguments: 0..<4)
    func cell(index: Int) throws {
        let (guardRow, breakIt) = Self.cells[index]
        var situation = Self.exposed
        breakIt(&situation)
        let refusal = #expect(throws: StartRefusal.self) { try SafeStart.check(situation) }
        #expect(refusal?.description.contains("--insecure-listen") == true)
        situation.insecureListen = true
        #expect(try SafeStart.check(situation) == [guardRow])
    }

    @Test("HTTP beyond loopback is safe over TLS, and behind a proxy that ends it")
    func http() throws {
        var situation = Self.exposed
        (situation.https, situation.behindProxy) = (true, false)
        #expect(try SafeStart.check(situation).isEmpty)
    }

    @Test("The default secret may be accepted over TLS, with unknown gateways in quarantine, and shows as a warning")
    func acceptedSecret() throws {
        var situation = Self.exposed
        situation.defaultSecretIsInForce = true
        situation.acceptsDefaultSecret = true
        #expect(try SafeStart.check(situation).isEmpty)
        let dangers = SafeStart.dangers(situation)
        #expect(dangers.map(\.allowedBy) == [.acceptDefaultMqttSecret])

        var open = situation
        open.newGatewaysAreOpen = true
        #expect(throws: StartRefusal.self) { try SafeStart.check(open) }
        var plain = situation
        plain.plaintext = true
        plain.insecureListen = true
        #expect(try SafeStart.check(plain) == [.plaintextBeyondLoopback, .defaultSecret])
    }

    @Test("An override says what it overrides, and by which flag")
    func overrides() throws {
        var situation = Self.exposed
        (situation.plaintext, situation.insecureListen) = (true, true)
        let dangers = SafeStart.dangers(situation).map(\.description)
        #expect(dangers.count == 1)
        #expect(dangers.first?.contains("--nossl") == true)
        #expect(dangers.first?.contains("(--insecure-listen)") == true)
        #expect(SafeStart.dangers(Self.exposed).isEmpty)
    }

    @Test("What became unsafe while it runs is told, though nothing allowed it")
    func later() {
        var situation = Self.exposed
        situation.bootstrapPasswordIsInForce = true
        #expect(
            SafeStart.dangers(situation) == [Danger(text: SafeStart.Guard.bootstrapPassword.danger, allowedBy: nil)])
    }

    @Test("HTTP alone, or MQTT alone, beyond loopback trips the guards that concern it")
    func oneListener() throws {
        var situation = Self.harmless
        situation.insecureListen = true
        situation.httpIsBeyondLoopback = true
        #expect(
            try SafeStart.check(situation) == [.plaintextBeyondLoopback, .bootstrapPassword, .plainHTTPBeyondLoopback])
        situation.httpIsBeyondLoopback = false
        situation.mqttIsBeyondLoopback = true
        #expect(try SafeStart.check(situation) == [.plaintextBeyondLoopback, .bootstrapPassword, .defaultSecret])
    }

    @Test(
        "Loopback is what its name or address says",
        arguments: [
            ("localhost", true), ("LOCALHOST.", true), ("a.localhost", true), ("127.0.0.1", true), ("127.8.9.1", true),
            ("::1", true), ("0.0.0.0", false), ("::", false), ("10.0.0.1", false), ("127.0.0.1.evil.com", false),
            ("localhost.evil.com", false), ("", false),
        ])
    func names(host: String, isLoopback: Bool) {
        #expect(Loopback.contains(host) == isLoopback)
    }

    @Test("The ready line percent-encodes what would break it, and only that")
    func readyLine() {
        let line = ReadyLine(
            http: "http://\(ListenAddress(host: "::1", port: 5001).authority)", mqtt: "mqtt://127.0.0.1:1883",
            dataFolder: "/a b/100%/é\n")
        #expect(
            line.description
                == "umd ready http=http://[::1]:5001 mqtt=mqtt://127.0.0.1:1883 data=/a%20b/100%25/é%0A")
    }
}
