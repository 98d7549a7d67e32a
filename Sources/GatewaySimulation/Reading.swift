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

    static func port(_ text: String) throws -> UInt16 {
        guard let port = UInt16(text), port > 0 else {
            throw ValidationError("a port is a whole number from 1 to 65535")
        }
        return port
    }

    static func mqttVersion(_ text: String) throws -> ProtocolVersion {
        switch text {
        case "3.1": .v3_1
        case "3.1.1": .v3_1_1
        case "5", "5.0": .v5_0
        default: throw ValidationError("it is 3.1, 3.1.1 or 5")
        }
    }

    /// A whole number and its unit, such as `500ms`, `10s`, `2m` or `1h`; at most a year.
    static func timeSpan(_ text: String) throws -> Duration {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = units.first { $0.name == text.dropFirst(digits.count) }
        guard digits.count <= 10, let count = Int64(digits), let unit, unit.span * count <= longest else {
            throw ValidationError(
                "a time span is a whole number followed by ms, s, m or h, such as 10s, and at most a year")
        }
        return unit.span * count
    }

    private static let longest = Duration.seconds(86_400 * 365)
    private static let units: [(name: String, span: Duration)] = [
        ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)),
    ]
}
