import FoundationEssentials
import Logging
import Testing
import UpgradeCore
import UpgradeServer

@Suite("Configuration")
struct ConfigurationTests {
    private let flags: [Setting: SettingValue] = [.nossl: .yes, .data: .text("/tmp/um-none")]

    @Test("A flag beats the environment, which beats the file, which beats the default")
    func precedence() async throws {
        try await withTemporaryFolder { folder in
            let file = folder + "/umd.json"
            try Data(#"{"httpPort": 3, "mqttPort": 4, "logFormat": "json", "httpName": ["a", "b"]}"#.utf8)
                .write(to: URL(filePath: file))
            let flags = self.flags.merging([.httpPort: .number(1), .config: .text(file)]) { $1 }
            let configuration = try await ServerConfiguration(
                flags: flags, environment: ["UM_HTTP_PORT": "2", "UM_MQTT_PORT": "5", "UM_UPGRADE_TIMEOUT": "90s"])
            #expect(configuration.http.port == 1)
            #expect(configuration.mqttPort == 5)
            #expect(configuration.logFormat == .json)
            #expect(configuration.httpNames == ["a", "b"])
            #expect(configuration.upgradeTimeout == .seconds(90))
            #expect(configuration.orderExpiry == .seconds(30 * 86_400))
            #expect(configuration.eventRetention == .seconds(365 * 86_400))
            #expect(configuration.http.host == "127.0.0.1")
        }
    }

    @Test("Events are kept for as long as flag, environment or file says")
    func eventRetention() async throws {
        let asked = try await ServerConfiguration(flags: flags, environment: ["UM_EVENT_RETENTION": "90d"])
        #expect(asked.eventRetention == .seconds(90 * 86_400))
        let flag = flags.merging([.eventRetention: .text("7d")]) { $1 }
        let flagged = try await ServerConfiguration(flags: flag, environment: ["UM_EVENT_RETENTION": "90d"])
        #expect(flagged.eventRetention == .seconds(7 * 86_400))
    }

    @Test("Each setting is spelt in the three ways that people expect")
    func spellings() {
        #expect(Setting.httpPort.flag == "--http-port")
        #expect(Setting.httpPort.environmentVariable == "UM_HTTP_PORT")
        #expect(Setting.acceptDefaultMqttSecret.environmentVariable == "UM_ACCEPT_DEFAULT_MQTT_SECRET")
        #expect(Setting.nossl.flag == "--nossl")
    }

    @Test(
        "What is malformed is refused, naming the setting and the value",
        arguments: [
            ("UM_HTTP_PORT", "abc", "httpPort is 'abc'"), ("UM_HTTP_PORT", "65536", "httpPort is 65536"),
            ("UM_UPGRADE_TIMEOUT", "15", "upgradeTimeout is '15'"), ("UM_WRITE_STALL", "0s", "writeStall is '0s'"),
            ("UM_ORDER_EXPIRY", "99999999999999999999d", "orderExpiry"), ("UM_LOG_LEVEL", "loud", "logLevel is 'loud'"),
            ("UM_EVENT_RETENTION", "1y", "eventRetention is '1y'"),
            ("UM_NEW_GATEWAYS", "maybe", "newGateways is 'maybe'"), ("UM_INSECURE_LISTEN", "perhaps", "insecureListen"),
            ("UM_EGRESS_LIMIT", "0", "egressLimit is 0"),
        ])
    func malformed(variable: String, value: String, expected: String) async throws {
        let refusal = await #expect(throws: StartRefusal.self) {
            try await ServerConfiguration(flags: flags, environment: [variable: value])
        }
        let text = try #require(refusal?.description)
        #expect(text.contains(expected))
        #expect(text.contains(variable))
        #expect(!text.contains("\n"))
    }

    @Test(
        "A broken configuration file is refused",
        arguments: [
            (#"{"httpprot": 1}"#, "unknown key 'httpprot'"), (#"{"config": "x"}"#, "unknown key 'config'"),
            (#"{"httpPort": "x"}"#, "httpPort is 'x'"), ("[1]", "not a JSON object"), ("{", "not a JSON object"),
        ])
    func brokenFile(contents: String, expected: String) async throws {
        try await withTemporaryFolder { folder in
            let file = folder + "/umd.json"
            try Data(contents.utf8).write(to: URL(filePath: file))
            let refusal = await #expect(throws: StartRefusal.self) {
                try await ServerConfiguration(flags: flags.merging([.config: .text(file)]) { $1 }, environment: [:])
            }
            #expect(refusal?.description.contains(expected) == true)
        }
    }

    @Test("TLS mode is the default, with a port of its own, and --nossl the other")
    func modes() async throws {
        let secure = try await ServerConfiguration(flags: [.data: .text("/tmp/um-none")], environment: [:])
        #expect(!secure.plaintext)
        #expect((secure.mqttHost, secure.mqttsPort, secure.mqttPort) == ("127.0.0.1", 8883, 1883))
        #expect(secure.tls == TLSSettings())
        #expect(try await ServerConfiguration(flags: flags, environment: [:]).plaintext)
    }

    @Test("What belongs to TLS is read, its paths without regard to where the program runs later")
    func tls() async throws {
        let configuration = try await ServerConfiguration(
            flags: [
                .data: .text("/tmp/um-none"), .https: .yes, .mqttsPort: .number(7883), .tlsCert: .text("/etc/a.crt"),
                .tlsKey: .text("b.key"), .tlsCa: .text("/etc/c.crt"), .tlsLegacy: .yes, .acceptDefaultMqttSecret: .yes,
            ], environment: [:])
        #expect(configuration.https)
        #expect(configuration.mqttsPort == 7883)
        #expect(configuration.tls.server?.certificate == "/etc/a.crt")
        #expect(configuration.tls.server?.key.hasPrefix("/") == true)
        #expect(configuration.tls.clientAuthority == "/etc/c.crt")
        #expect(configuration.tls.acceptsLegacy)
        #expect(configuration.acceptsDefaultSecret)
    }

    @Test("A certificate without its key is refused, and the other way round", arguments: [Setting.tlsCert, .tlsKey])
    func halfAPair(setting: Setting) async {
        let refusal = await #expect(throws: StartRefusal.self) {
            try await ServerConfiguration(
                flags: [.data: .text("/tmp/um-none"), setting: .text("/etc/x")], environment: [:])
        }
        #expect(refusal?.description.contains("--tls-cert") == true)
        #expect(refusal?.description.contains("--tls-key") == true)
    }

    @Test("A listener for MQTT over WebSocket is opened where MQTT listens, if a port is named")
    func webSocket() async throws {
        let without = try await ServerConfiguration(flags: flags, environment: [:])
        #expect(without.webSocketPort == nil)
        let with = try await ServerConfiguration(flags: flags, environment: ["UM_WEBSOCKET_PORT": "8080"])
        #expect(with.webSocketPort == 8080)
        await #expect(throws: StartRefusal.self) {
            try await ServerConfiguration(
                flags: flags.merging([.websocketPort: .number(65_536)]) { $1 }, environment: [:])
        }
    }

    @Test("The password file's first line is the password, and it reaches no description")
    func passwordFile() async throws {
        try await withTemporaryFolder { folder in
            let file = folder + "/password"
            try Data("s3cret\nrest".utf8).write(to: URL(filePath: file))
            let configuration = try await ServerConfiguration(
                flags: flags.merging([.mqttPasswordFile: .text(file)]) { $1 }, environment: [:])
            #expect(configuration.mqttSecret == MQTTSecret(username: "user", password: Array("s3cret".utf8)))
            #expect(!"\(configuration)".contains("s3cret"))
            try Data("\n".utf8).write(to: URL(filePath: file))
            await #expect(throws: StartRefusal.self) {
                try await ServerConfiguration(
                    flags: flags.merging([.mqttPasswordFile: .text(file)]) { $1 }, environment: [:])
            }
        }
    }
}
