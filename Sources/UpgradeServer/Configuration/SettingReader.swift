import Configuration
import FoundationEssentials
import UpgradeCore

/// Reads settings from the command line, the environment and the configuration file, in this order of precedence.
///
/// Every read throws on a value that is there but malformed: a default never hides a mistake.
struct SettingReader {
    private let reader: ConfigReader

    init(flags: [Setting: SettingValue], environment: [String: String], file: FileProvider<JSONSnapshot>?) {
        let commandLine = InMemoryProvider(
            name: "command line",
            values: Dictionary(
                uniqueKeysWithValues: flags.map { (AbsoluteConfigKey([$0.key.rawValue]), $0.value.configValue) }))
        let variables = EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "um")
        var providers: [any ConfigProvider] = [commandLine, variables]
        if let file { providers.append(file) }
        reader = ConfigReader(providers: providers)
    }

    func text(_ setting: Setting) async throws(StartRefusal) -> String? {
        guard let text = try await read(setting, as: "a text", { try await $0.fetchString(forKey: $1) }) else {
            return nil
        }
        guard !text.isEmpty else {
            throw refusal(setting, found: "is empty", expected: "a text of at least one character")
        }
        return text
    }

    func flag(_ setting: Setting) async throws(StartRefusal) -> Bool {
        try await read(setting, as: "true or false", { try await $0.fetchBool(forKey: $1) }) ?? false
    }

    func texts(_ setting: Setting) async throws(StartRefusal) -> [String] {
        let texts = try await read(setting, as: "a list of texts", { try await $0.fetchStringArray(forKey: $1) }) ?? []
        guard !texts.contains(where: \.isEmpty) else {
            throw refusal(setting, found: "has an empty text", expected: "texts of at least one character")
        }
        return texts
    }

    func number(_ setting: Setting, in range: ClosedRange<Int>) async throws(StartRefusal) -> Int? {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let number = try await read(setting, as: expected, { try await $0.fetchInt(forKey: $1) }) else {
            return nil
        }
        guard range.contains(number) else { throw refusal(setting, found: "is \(number)", expected: expected) }
        return number
    }

    func port(_ setting: Setting) async throws(StartRefusal) -> Int? {
        try await number(setting, in: 0...65_535)
    }

    func span(_ setting: Setting) async throws(StartRefusal) -> Duration? {
        guard let text = try await text(setting) else { return nil }
        guard let span = TimeSpan(text) else {
            throw refusal(setting, found: "is '\(text)'", expected: TimeSpan.expectation)
        }
        return span.duration
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ setting: Setting, of type: Choice.Type
    ) async throws(StartRefusal) -> Choice? {
        guard let text = try await text(setting) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw refusal(setting, found: "is '\(text)'", expected: "one of \(choices)")
        }
        return choice
    }

    private func read<Value>(
        _ setting: Setting, as expected: String,
        _ fetch: (ConfigReader, ConfigKey) async throws -> Value?
    ) async throws(StartRefusal) -> Value? {
        do {
            return try await fetch(reader, ConfigKey([setting.rawValue]))
        } catch {
            let text = try? await reader.fetchString(forKey: ConfigKey([setting.rawValue]))
            throw refusal(
                setting, found: text.map { "is '\($0)'" } ?? "has a value of another kind", expected: expected)
        }
    }

    private func refusal(_ setting: Setting, found: String, expected: String) -> StartRefusal {
        StartRefusal(
            "the setting \(setting.rawValue) \(found)",
            remedy: "give \(expected) (\(setting.flag), \(setting.environmentVariable) or the configuration file)")
    }
}

extension ConfigurationFile {
    /// What the file says.
    ///
    /// - Throws: ``StartRefusal`` when it cannot be read, is no JSON object, or has a key that is no setting.
    static func load(_ path: String) async throws(StartRefusal) -> FileProvider<JSONSnapshot> {
        do {
            try read(path)
            let location = InMemoryProvider(values: ["filePath": ConfigValue(.string(path), isSecret: false)])
            return try await FileProvider<JSONSnapshot>(config: ConfigReader(provider: location))
        } catch let error as ConfigurationFile.Problem {
            throw StartRefusal("\(error)")
        } catch {
            throw StartRefusal("\(ConfigurationFile.Problem.notAnObject(path: path))")
        }
    }
}

extension SettingValue {
    fileprivate var configValue: ConfigValue {
        switch self {
        case .text(let text): ConfigValue(.string(text), isSecret: false)
        case .number(let number): ConfigValue(.int(number), isSecret: false)
        case .yes: ConfigValue(.bool(true), isSecret: false)
        case .list(let list): ConfigValue(.stringArray(list), isSecret: false)
        }
    }
}
