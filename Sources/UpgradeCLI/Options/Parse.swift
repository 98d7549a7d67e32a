import ArgumentParser
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// Reads argument values; what is wrong with one is said in the library's own words, before anything is connected to.
enum Parse {
    @Sendable
    static func version(_ text: String) throws -> Version {
        do { return try Version(text) } catch { throw ValidationError("\(error)") }
    }

    @Sendable
    static func gatewayID(_ text: String) throws -> GatewayID {
        do { return try GatewayID(text) } catch { throw ValidationError("\(error)") }
    }

    @Sendable
    static func companyID(_ text: String) throws -> CompanyID {
        do { return try CompanyID(text) } catch { throw ValidationError("\(error)") }
    }

    @Sendable
    static func deploymentID(_ text: String) throws -> Int64 {
        guard let id = Int64(text), id > 0 else {
            throw ValidationError("a deployment is named by its number, such as 12")
        }
        return id
    }

    @Sendable
    static func topicFilter(_ text: String) throws -> String {
        do { return try MQTTFilter(text).description } catch { throw ValidationError("\(error)") }
    }

    @Sendable
    static func time(_ text: String) throws -> RFC3339Time {
        guard let time = RFC3339Time(text) else {
            throw ValidationError("a time is written as in 2026-11-22T04:20:46Z (RFC 3339)")
        }
        return time
    }

    @Sendable
    static func timeSpan(_ text: String) throws -> Duration {
        guard let span = TimeSpan(text) else { throw ValidationError("a time span is \(TimeSpan.expectation)") }
        return span.duration
    }
}

extension Parse {
    @Sendable
    static func state(_ text: String) throws -> UpgradeStateName {
        try name(text)
    }

    @Sendable
    static func role(_ text: String) throws -> RoleName {
        try name(text)
    }

    private static func name<Name: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Name {
        guard let name = Name(rawValue: text) else {
            throw ValidationError("it is one of \(Name.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return name
    }
}
