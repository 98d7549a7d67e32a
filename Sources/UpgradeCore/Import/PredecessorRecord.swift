import FoundationEssentials
import UpgradeProtocol

/// One record of the predecessor's collections, understood.
enum PredecessorRecord {
    case company(Company)
    case gateway(id: GatewayID, company: CompanyID, details: GatewayDetails)
    case user(User)

    /// What the predecessor knew of a gateway.
    struct GatewayDetails {
        var name: String
        var address: String?
        var latitude: Double?
        var longitude: Double?
        var version: Version?
    }

    /// The collections, in the order in which they must be taken over.
    enum Kind: Int, Comparable {
        case company, gateway, user

        static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }

        /// What the file's name says.
        init?(fileName: String) {
            let name = fileName.lowercased()
            if name.contains("compan") {
                self = .company
            } else if name.contains("gateway") {
                self = .gateway
            } else if name.contains("user") {
                self = .user
            } else {
                return nil
            }
        }

        /// What the members say, if they leave no doubt.
        init?(members: [String: ExtendedJSON]) {
            if members["username"] != nil {
                self = .user
            } else if members["gatewayId"] != nil || members["latitude"] != nil || members["address"] != nil {
                self = .gateway
            } else if members["registered"] != nil {
                self = .company
            } else {
                return nil
            }
        }
    }

    var kind: Kind {
        switch self {
        case .company: .company
        case .gateway: .gateway
        case .user: .user
        }
    }

    /// Understands a record, or says what is wrong with it.
    init(_ members: [String: ExtendedJSON], fileName: String) throws {
        guard let kind = Kind(members: members) ?? Kind(fileName: fileName) else {
            throw DomainError.invalid(
                field: "record",
                problem:
                    "it is not plain whether this is a company, a gateway or a user; name the file after what it holds")
        }
        let record = MemberReader(members: members)
        switch kind {
        case .company: self = .company(try Self.company(record))
        case .gateway: self = try Self.gateway(record)
        case .user: self = .user(try Self.user(record))
        }
    }

    private static func company(_ record: MemberReader) throws -> Company {
        let id = try CompanyID(record.required("id", "companyId"))
        let name = try TextRules.name(record.text("name") ?? "New Company \(id)")
        return Company(id: id, name: name, registered: try record.bool("registered") ?? false)
    }

    private static func gateway(_ record: MemberReader) throws -> PredecessorRecord {
        let id = try GatewayID(record.required("gatewayId", "id"))
        let details = GatewayDetails(
            name: try TextRules.name(record.text("name") ?? "New Gateway \(id)"),
            address: try record.text("address").flatMap { try TextRules.address($0) },
            latitude: try record.number("latitude", in: -90...90),
            longitude: try record.number("longitude", in: -180...180),
            version: try record.text("version").map { try Version($0) })
        return .gateway(id: id, company: try CompanyID(record.required("companyId")), details: details)
    }

    private static func user(_ record: MemberReader) throws -> User {
        let username = try TextRules.username(record.required("username"))
        let company = try CompanyID(record.required("companyId"))
        let roleName = try record.text("role") ?? "user"
        guard let role = Role(rawValue: roleName.lowercased()) else {
            throw DomainError.invalid(
                field: "role", problem: "\(quoted(roleName)) is not one of super, admin and user")
        }
        guard role != .super || company == .superCompany else {
            throw DomainError.invalid(field: "role", problem: TextRules.superElsewhere(company))
        }
        return User(
            username: username, name: try TextRules.name(record.text("name") ?? username), role: role,
            companyID: company, mustChangePassword: false)
    }
}

/// Reads members leniently: numbers may be strings, and what is empty counts as absent.
private struct MemberReader {
    let members: [String: ExtendedJSON]

    /// The first of the names that has a value.
    func required(_ names: String...) throws -> String {
        for name in names {
            if let text = try text(name) { return text }
        }
        throw DomainError.invalid(field: names[0], problem: "is missing")
    }

    func text(_ name: String) throws -> String? {
        switch members[name] {
        case nil, .null: return nil
        case .text(let text):
            let trimmed = TextRules.trimmed(text)
            return trimmed.isEmpty ? nil : trimmed
        case .bool, .other: throw DomainError.invalid(field: name, problem: "is neither a string nor a number")
        }
    }

    func number(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let text = try text(name) else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw DomainError.invalid(
                field: name,
                problem: "\(quoted(text)) is not a number from \(Int(range.lowerBound)) to \(Int(range.upperBound))")
        }
        return number
    }

    func bool(_ name: String) throws -> Bool? {
        switch members[name] {
        case nil, .null: return nil
        case .bool(let value): return value
        case .text(let text) where ["true", "1"].contains(text.lowercased()): return true
        case .text(let text) where ["false", "0", ""].contains(text.lowercased()): return false
        case .text, .other: throw DomainError.invalid(field: name, problem: "is neither true nor false")
        }
    }
}
