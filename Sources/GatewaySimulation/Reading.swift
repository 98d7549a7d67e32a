import ArgumentParser
import MQTTWire
import UpgradeProtocol

/// Reads what stands on the command line.
enum Reading {
    static func gatewayID(_ text: String) throws -> GatewayID {
        do { return try GatewayID(text) } catch { throw ValidationError("\(error)") }
    }

    static func companyID(_ text: String) throws -> CompanyID {
        do { return try CompanyID(text) } catch { throw ValidationError("\(error)") }
    }
}

/// A time span on the command line: a whole number and its unit, such as `500ms`, `10s`, `2m` or `1h`.
struct TimeSpan: ExpressibleByArgument {
    private static let longest = Duration.seconds(86_400 * 365)

    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard digits.count <= 10, let count = Int64(digits) else { return nil }
        switch argument.dropFirst(digits.count) {
        case "ms": duration = .milliseconds(count)
        case "s": duration = .seconds(count)
        case "m": duration = .seconds(count * 60)
        case "h": duration = .seconds(count * 3600)
        default: return nil
        }
        guard duration <= Self.longest else { return nil }
    }

    var defaultValueDescription: String { "\(duration.components.seconds)s" }
}

/// A version of MQTT on the command line.
struct MQTTVersion: ExpressibleByArgument {
    let version: ProtocolVersion

    init(_ version: ProtocolVersion) {
        self.version = version
    }

    init?(argument: String) {
        switch argument {
        case "3.1": version = .v3_1
        case "3.1.1": version = .v3_1_1
        case "5", "5.0": version = .v5_0
        default: return nil
        }
    }

    var defaultValueDescription: String { "\(version)" }
}
