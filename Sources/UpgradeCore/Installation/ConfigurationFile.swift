import FoundationEssentials

/// The configuration file of `umd`: JSON, one object, its keys those of ``Setting``.
package enum ConfigurationFile {
    /// Why it cannot be used: one line that says what to do.
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case unreadable(path: String)
        case notAnObject(path: String)
        case unknownKey(path: String, key: String)

        package var description: String {
            switch self {
            case .unreadable(let path):
                return
                    "the configuration file \(path) cannot be read; check the path that --config names, and its rights"
            case .notAnObject(let path):
                return
                    "the configuration file \(path) is not a JSON object; write it like {\"httpPort\": 5001, \"nossl\": true}"
            case .unknownKey(let path, let key):
                let known = Setting.allCases.filter(\.isAllowedInFile).map(\.rawValue).joined(separator: ", ")
                return "the configuration file \(path) has the unknown key '\(oneLine(key))'; known keys are \(known)"
            }
        }
    }

    /// Looks whether it is an object of known keys. What their values mean is told when they are used.
    package static func read(_ path: String) throws(Problem) {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw .unreadable(path: path) }
        guard let keys = try? JSONDecoder().decode(Keys.self, from: data) else { throw .notAnObject(path: path) }
        if let unknown = keys.names.first(where: { Setting(rawValue: $0)?.isAllowedInFile != true }) {
            throw .unknownKey(path: path, key: unknown)
        }
    }

    /// The names of an object's members.
    private struct Keys: Decodable {
        let names: [String]

        init(from decoder: any Decoder) throws {
            names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
        }

        private struct AnyKey: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
    }
}
