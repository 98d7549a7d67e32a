import ArgumentParser
import Logging
import UpgradeCore
import UpgradeProtocol
import UpgradeServer

/// The flags of `umd`. None has a default here: what is not said on the command line is left to the environment and the file.
struct DaemonOptions: ParsableArguments {
    @Option(help: "The data folder. (default: $XDG_DATA_HOME/upgrade-manager)")
    var data: String?
    @Option(help: "The folder in which releases are dropped. (default: resources in the data folder)")
    var resources: String?
    @Flag(help: "Plain MQTT, and no log-in: for development.")
    var nossl = false
    @Option(help: "A configuration file: JSON, its keys the options' names in camelCase.")
    var config: String?

    @Option(help: "Where HTTP listens. (default: 127.0.0.1)")
    var httpHost: String?
    @Option(parsing: .unconditional, help: "The port of HTTP. (default: 5001)", transform: Reading.port)
    var httpPort: Int?
    @Flag(help: "Serve HTTP over TLS, with the certificate that MQTT has.")
    var https = false
    @Flag(help: "A proxy that ends TLS stands in front of HTTP.")
    var behindProxy = false
    @Option(help: "A name, beside localhost, by which requests may call this server. May be repeated.")
    var httpName: [String] = []

    @Option(help: "Where MQTT listens. (default: 127.0.0.1)")
    var mqttHost: String?
    @Option(
        parsing: .unconditional, help: "The port of plain MQTT, with --nossl. (default: 1883)", transform: Reading.port)
    var mqttPort: Int?
    @Option(
        parsing: .unconditional, help: "The port of MQTT over TLS, without --nossl. (default: 8883)",
        transform: Reading.port)
    var mqttsPort: Int?
    @Option(
        parsing: .unconditional,
        help: "The port of MQTT over WebSocket, over TLS without --nossl. (default: none is opened)",
        transform: Reading.port)
    var websocketPort: Int?
    @Option(
        help: ArgumentHelp(
            "The server's certificate and those that lead to its authority: PEM. (default: tls/server.crt in the data folder)",
            valueName: "file"))
    var tlsCert: String?
    @Option(
        help: ArgumentHelp(
            "The certificate's key: PEM, not encrypted. (default: tls/server.key in the data folder)", valueName: "file"
        ))
    var tlsKey: String?
    @Option(
        help: ArgumentHelp(
            "The authority that signs gateways' certificates: a gateway that shows one needs no password.",
            valueName: "file"))
    var tlsCa: String?
    @Flag(help: "Accept keys under 2048 bits and SHA-1 signatures.")
    var tlsLegacy = false

    @Option(help: "The user name that gateways share. (default: user)")
    var mqttUser: String?
    @Option(help: ArgumentHelp("A file whose first line is the password that gateways share.", valueName: "file"))
    var mqttPasswordFile: String?
    @Flag(
        help:
            "Let MQTT over TLS listen beyond loopback although gateways have the default secret; quarantines new ones.")
    var acceptDefaultMqttSecret = false
    @Option(
        help: "What becomes of unknown gateways: open or quarantine. (default: open on loopback, else quarantine)",
        transform: Reading.choice)
    var newGateways: NewGateways?

    @Option(help: "How long a gateway may take to confirm an upgrade. (default: 15m)", transform: Reading.timeSpan)
    var upgradeTimeout: String?
    @Option(help: "How long an order waits for a gateway that never comes. (default: 30d)", transform: Reading.timeSpan)
    var orderExpiry: String?
    @Option(help: "How long events are kept in the event log. (default: 365d)", transform: Reading.timeSpan)
    var eventRetention: String?
    @Option(help: "Write versions to gateways as number or text. (default: number)", transform: Reading.choice)
    var wireVersions: VersionStyle?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The most bytes a second that releases may take. (default: no limit)", valueName: "bytes/s"),
        transform: Reading.byteRate)
    var egressLimit: Int?
    @Option(
        help: "How long a connection may take no byte before it is closed. (default: 60s)", transform: Reading.timeSpan)
    var writeStall: String?

    @Flag(help: "Override the guards against unsafe listeners.")
    var insecureListen = false
    @Option(
        help: "The least level that is logged: trace, debug, info, notice, warning, error or critical. (default: info)",
        transform: Reading.choice)
    var logLevel: Logger.Level?
    @Option(help: "How log lines look: text or json. (default: text)", transform: Reading.choice)
    var logFormat: LogFormat?

    /// What the command line says, and only that.
    var settings: [Setting: SettingValue] {
        var settings: [Setting: SettingValue] = [:]
        let texts: [(Setting, String?)] = [
            (.data, data), (.resources, resources), (.config, config), (.httpHost, httpHost), (.mqttHost, mqttHost),
            (.tlsCert, tlsCert), (.tlsKey, tlsKey), (.tlsCa, tlsCa), (.mqttUser, mqttUser),
            (.mqttPasswordFile, mqttPasswordFile), (.newGateways, newGateways?.rawValue),
            (.upgradeTimeout, upgradeTimeout), (.orderExpiry, orderExpiry),
            (.eventRetention, eventRetention),
            (.wireVersions, wireVersions?.rawValue), (.writeStall, writeStall), (.logLevel, logLevel?.rawValue),
            (.logFormat, logFormat?.rawValue),
        ]
        for case (let setting, let text?) in texts { settings[setting] = .text(text) }
        let numbers: [(Setting, Int?)] = [
            (.httpPort, httpPort), (.mqttPort, mqttPort), (.mqttsPort, mqttsPort),
            (.websocketPort, websocketPort), (.egressLimit, egressLimit),
        ]
        for case (let setting, let number?) in numbers { settings[setting] = .number(number) }
        let flags: [(Setting, Bool)] = [
            (.nossl, nossl), (.https, https), (.behindProxy, behindProxy), (.tlsLegacy, tlsLegacy),
            (.acceptDefaultMqttSecret, acceptDefaultMqttSecret), (.insecureListen, insecureListen),
        ]
        for (setting, isSet) in flags where isSet { settings[setting] = .yes }
        if !httpName.isEmpty { settings[.httpName] = .list(httpName) }
        return settings
    }
}
