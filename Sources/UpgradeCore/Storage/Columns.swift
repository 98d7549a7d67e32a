import GRDB
import UpgradeProtocol

extension Version {
    /// As the database keeps it. A version has at most 15 digits, which 64 bits hold with their sign.
    var stored: Int64 { Int64(millionths) }
}

// The schema's CHECKs and STRICT types make sure of the classes of values; what else a value must satisfy is looked at here.
extension Row {
    func version(_ column: String) throws -> Version {
        guard let version = try optionalVersion(column) else { throw unreadable(column) }
        return version
    }

    func optionalVersion(_ column: String) throws -> Version? {
        guard let stored = self[column] as Int64? else { return nil }
        guard let millionths = UInt64(exactly: stored), let version = Version(millionths: millionths) else {
            throw unreadable(column)
        }
        return version
    }

    func gatewayID(_ column: String) throws -> GatewayID {
        try GatewayID(self[column] as String)
    }

    func companyID(_ column: String) throws -> CompanyID {
        try CompanyID(self[column] as String)
    }

    func optionalGatewayID(_ column: String) throws -> GatewayID? {
        try (self[column] as String?).map { try GatewayID($0) }
    }

    func optionalCompanyID(_ column: String) throws -> CompanyID? {
        try (self[column] as String?).map { try CompanyID($0) }
    }

    func timestamp(_ column: String) -> Timestamp {
        Timestamp(milliseconds: self[column])
    }

    func optionalTimestamp(_ column: String) -> Timestamp? {
        (self[column] as Int64?).map { Timestamp(milliseconds: $0) }
    }

    func name<Name: RawRepresentable<String>>(_ column: String, as type: Name.Type = Name.self) throws -> Name {
        guard let name = Name(rawValue: self[column]) else { throw unreadable(column) }
        return name
    }

    func optionalName<Name: RawRepresentable<String>>(
        _ column: String, as type: Name.Type = Name.self
    ) throws -> Name? {
        guard let text = self[column] as String? else { return nil }
        guard let name = Name(rawValue: text) else { throw unreadable(column) }
        return name
    }

    private func unreadable(_ column: String) -> DomainError {
        .unavailable("the database holds a value for \(column) that this version cannot read")
    }
}
