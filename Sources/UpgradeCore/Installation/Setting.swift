/// Every setting of `umd`: one case a flag, an environment variable and a key of the configuration file alike.
///
/// The raw value is the key in the file; the other two spellings follow from it, so that they cannot drift apart.
public enum Setting: String, CaseIterable, Sendable {
    case data
    case resources
    case nossl
    case config
    case httpHost
    case httpPort
    case https
    case behindProxy
    case httpName
    case mqttHost
    case mqttPort
    case mqttsPort
    case websocketPort
    case tlsCert
    case tlsKey
    case tlsCa
    case tlsLegacy
    case mqttUser
    case mqttPasswordFile
    case acceptDefaultMqttSecret
    case newGateways
    case upgradeTimeout
    case orderExpiry
    case eventRetention
    case wireVersions
    case egressLimit
    case writeStall
    case insecureListen
    case logLevel
    case logFormat

    /// The command-line flag, `--http-port`.
    public var flag: String { "--" + words.joined(separator: "-") }

    /// The environment variable, `UM_HTTP_PORT`.
    public var environmentVariable: String { "UM_" + words.joined(separator: "_").uppercased() }

    /// Whether the configuration file may hold it; it may not name another configuration file.
    package var isAllowedInFile: Bool { self != .config }

    /// The raw value's words in lower case: `httpPort` is `http`, `port`.
    private var words: [String] {
        var words = [""]
        for character in rawValue {
            if character.isUppercase { words.append("") }
            words[words.count - 1].append(character.lowercased())
        }
        return words
    }
}

/// A setting's value as the command line gives it.
public enum SettingValue: Sendable, Equatable {
    /// A text, a time span or a choice, as written.
    case text(String)
    /// A port, or bytes a second.
    case number(Int)
    /// A flag that was given.
    case yes
    /// What a repeated option collected.
    case list([String])
}
