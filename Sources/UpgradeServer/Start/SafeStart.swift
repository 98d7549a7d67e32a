import UpgradeCore

/// The guards of a safe start: what `umd` refuses because it would lay a fleet open, unless it is overridden in so many words.
enum SafeStart {
    /// What the guards look at.
    struct Situation {
        var plaintext: Bool
        var httpIsBeyondLoopback: Bool
        var mqttIsBeyondLoopback: Bool
        var bootstrapPasswordIsInForce: Bool
        var defaultSecretIsInForce: Bool
        var acceptsDefaultSecret: Bool
        /// Unknown gateways are let in at once, because somebody said so.
        var newGatewaysAreOpen: Bool
        var https: Bool
        var behindProxy: Bool
        var insecureListen: Bool

        var anyIsBeyondLoopback: Bool { httpIsBeyondLoopback || mqttIsBeyondLoopback }

        /// Everybody knows the secret that lets gateways in.
        var defaultSecretIsExposed: Bool { mqttIsBeyondLoopback && defaultSecretIsInForce }

        /// The default secret was accepted where it may be: over TLS, with unknown gateways in quarantine.
        var defaultSecretIsAccepted: Bool {
            defaultSecretIsExposed && !plaintext && acceptsDefaultSecret && !newGatewaysAreOpen
        }
    }

    /// One row of the table; each is independent of the others.
    enum Guard: CaseIterable, Sendable {
        case plaintextBeyondLoopback
        case bootstrapPassword
        case defaultSecret
        case plainHTTPBeyondLoopback

        /// Whether what was asked for is unsafe in this respect.
        func isTriggered(by situation: Situation) -> Bool {
            switch self {
            case .plaintextBeyondLoopback: situation.plaintext && situation.anyIsBeyondLoopback
            case .bootstrapPassword: situation.anyIsBeyondLoopback && situation.bootstrapPasswordIsInForce
            case .defaultSecret: situation.defaultSecretIsExposed && !situation.defaultSecretIsAccepted
            case .plainHTTPBeyondLoopback:
                situation.httpIsBeyondLoopback && !situation.https && !situation.behindProxy
            }
        }

        /// What is unsafe, in one sentence without its full stop: the refusal's reason, and the banner's text once overridden.
        var danger: String {
            switch self {
            case .plaintextBeyondLoopback:
                "--nossl listens beyond loopback: everybody who reaches it acts as the super user, and MQTT can be read along"
            case .bootstrapPassword:
                "a listener stands beyond loopback while the super user still has the bootstrap password"
            case .defaultSecret:
                "MQTT listens beyond loopback while gateways log in with the default user name and password"
            case .plainHTTPBeyondLoopback:
                "HTTP listens beyond loopback without TLS and without a proxy in front"
            }
        }

        private var remedy: String {
            switch self {
            case .plaintextBeyondLoopback:
                "listen on 127.0.0.1, or add --insecure-listen on a network that you trust"
            case .bootstrapPassword:
                "start it on 127.0.0.1 and change the password with 'umctl user passwd \(Bootstrap.username)' first, make a new data folder with 'umctl init --password-stdin', or add --insecure-listen"
            case .defaultSecret:
                "choose another with --mqtt-user and --mqtt-password-file, add --accept-default-mqtt-secret in TLS mode (without --new-gateways open), or add --insecure-listen"
            case .plainHTTPBeyondLoopback:
                "add --https, listen on 127.0.0.1, add --behind-proxy if a proxy that ends TLS stands in front, or add --insecure-listen"
            }
        }

        fileprivate var refusal: StartRefusal { StartRefusal(danger, remedy: remedy) }
    }

    /// The guards that were overridden by `--insecure-listen`.
    ///
    /// - Throws: ``StartRefusal`` for the first guard that is triggered and not overridden.
    static func check(_ situation: Situation) throws(StartRefusal) -> [Guard] {
        let triggered = Guard.allCases.filter { $0.isTriggered(by: situation) }
        if let first = triggered.first, !situation.insecureListen { throw first.refusal }
        return triggered
    }

    /// What is unsafe all the same, to be shown wherever people look.
    static func dangers(_ situation: Situation) -> [Danger] {
        var dangers = Guard.allCases.filter { $0.isTriggered(by: situation) }.map { row in
            Danger(text: row.danger, allowedBy: situation.insecureListen ? .insecureListen : nil)
        }
        if situation.defaultSecretIsAccepted {
            dangers.append(
                Danger(
                    text: "\(Guard.defaultSecret.danger); unknown ones are quarantined",
                    allowedBy: .acceptDefaultMqttSecret))
        }
        return dangers
    }
}
