import FoundationEssentials
import Logging
public import UpgradeCore
import UpgradeProtocol

extension ServerConfiguration {
    /// Puts a configuration together: a flag beats the environment, which beats the configuration file, which beats the default.
    ///
    /// Keys and types are those of ``Setting``: texts, except the ports and `egressLimit` (numbers), `nossl`, `https`, `behindProxy`,
    /// `tlsLegacy`, `acceptDefaultMqttSecret` and `insecureListen` (Booleans) and `httpName` (a list of texts; in the environment separated by commas).
    ///
    /// - Parameters:
    ///   - flags: What the command line says, and only that.
    ///   - environment: The process's environment.
    /// - Throws: ``StartRefusal`` on a malformed value, an unknown key or an unreadable file.
    public init(
        flags: [Setting: SettingValue], environment: [String: String]
    ) async throws(StartRefusal) {
        let bare = SettingReader(flags: flags, environment: environment, file: nil)
        var settings = bare
        if let path = try await bare.text(.config) {
            settings = SettingReader(
                flags: flags, environment: environment, file: try await ConfigurationFile.load(path))
        }

        self.init(dataFolder: try Self.dataFolder(try await settings.text(.data), environment))
        resourcesFolder = try await settings.text(.resources).map(absolute)
        plaintext = try await settings.flag(.nossl)
        http = ListenAddress(
            host: try await settings.text(.httpHost) ?? http.host, port: try await settings.port(.httpPort) ?? http.port
        )
        https = try await settings.flag(.https)
        behindProxy = try await settings.flag(.behindProxy)
        httpNames = try await settings.texts(.httpName)
        mqttHost = try await settings.text(.mqttHost) ?? mqttHost
        mqttPort = try await settings.port(.mqttPort) ?? mqttPort
        mqttsPort = try await settings.port(.mqttsPort) ?? mqttsPort
        webSocketPort = try await settings.port(.websocketPort)
        tls = try await TLSSettings(settings)
        mqttSecret = MQTTSecret(
            username: try await settings.text(.mqttUser) ?? mqttSecret.username,
            password: try await settings.text(.mqttPasswordFile).map(Self.password) ?? mqttSecret.password)
        acceptsDefaultSecret = try await settings.flag(.acceptDefaultMqttSecret)
        newGateways = try await settings.choice(.newGateways, of: NewGateways.self)
        upgradeTimeout = try await settings.span(.upgradeTimeout) ?? upgradeTimeout
        orderExpiry = try await settings.span(.orderExpiry) ?? orderExpiry
        eventRetention = try await settings.span(.eventRetention) ?? eventRetention
        wireVersions = try await settings.choice(.wireVersions, of: VersionStyle.self) ?? wireVersions
        egressLimit = try await settings.number(.egressLimit, in: 1...Int.max)
        writeStall = try await settings.span(.writeStall) ?? writeStall
        insecureListen = try await settings.flag(.insecureListen)
        logLevel = try await settings.choice(.logLevel, of: Logger.Level.self) ?? logLevel
        logFormat = try await settings.choice(.logFormat, of: LogFormat.self) ?? logFormat
    }

    /// The environment's `UM_DATA` is among the settings already.
    private static func dataFolder(
        _ chosen: String?, _ environment: [String: String]
    ) throws(StartRefusal) -> DataFolder {
        do {
            return DataFolder(path: absolute(try DataFolder.resolved(option: chosen, environment: environment).path))
        } catch {
            throw StartRefusal(error)
        }
    }

    /// The first line of a password file.
    private static func password(inFile path: String) throws(StartRefusal) -> [UInt8] {
        let longest = 65_535  // a password's length is two bytes on the wire [MQTT-3.1.3.6]
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw StartRefusal(
                "the password file \(path) cannot be read", remedy: "check --mqtt-password-file and the file's rights")
        }
        let line = data.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard (1...longest).contains(line.count) else {
            throw StartRefusal(
                "the first line of the password file \(path) has \(byteCount(line.count))",
                remedy: "put a password of 1 to \(longest) bytes there")
        }
        return Array(line)
    }
}

extension TLSSettings {
    fileprivate init(_ settings: SettingReader) async throws(StartRefusal) {
        self.init()
        switch (try await settings.text(.tlsCert), try await settings.text(.tlsKey)) {
        case (nil, nil): break
        case (let certificate?, let key?): server = Files(certificate: absolute(certificate), key: absolute(key))
        case (_?, nil):
            throw StartRefusal(
                "\(Setting.tlsCert.flag) goes with \(Setting.tlsKey.flag), which is missing",
                remedy: "name the file of the certificate's private key")
        case (nil, _?):
            throw StartRefusal(
                "\(Setting.tlsKey.flag) goes with \(Setting.tlsCert.flag), which is missing",
                remedy: "name the file of the key's certificate")
        }
        clientAuthority = try await settings.text(.tlsCa).map(absolute)
        acceptsLegacy = try await settings.flag(.tlsLegacy)
    }
}

/// A path that no longer depends on the folder the program was started in.
private func absolute(_ path: String) -> String {
    let path = URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
    return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
}
