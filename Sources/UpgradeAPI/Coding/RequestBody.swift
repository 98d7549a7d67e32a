/// What a caller sends. Decoding by ``APICoding/decodeRequest(_:from:)`` refuses members that the type does not name.
public protocol RequestBody: Codable, Sendable {
    /// Every member that may stand in the body.
    associatedtype CodingKeys: CodingKey & CaseIterable

    /// The members that `null` may stand for: those of type ``Clearable``.
    static var clearable: [CodingKeys] { get }
}

extension RequestBody {
    /// Most bodies have none.
    public static var clearable: [CodingKeys] { [] }
}

/// Why a request body is refused: the server answers 422 with this text.
public struct RequestBodyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The member at fault as a path (`target.gateways[0]`), or nil when the body as a whole is.
    public let member: String?
    /// What is wrong with it and what would be right, in one line.
    public let detail: String

    /// Names a fault; `member` is nil when the body as a whole is at fault.
    public init(member: String?, detail: String) {
        self.member = member
        self.detail = detail
    }

    /// Member and detail in one line.
    public var description: String {
        member.map { "\($0): \(detail)" } ?? detail
    }
}

/// Decodes a body after looking at its members: unknown ones, and `null` where it takes nothing away, are refused.
struct StrictBody<Body: RequestBody>: Decodable {
    let body: Body

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyMember.self)
        let known = Body.CodingKeys.allCases.map(\.stringValue)
        let clearable = Body.clearable.map(\.stringValue)
        for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
            guard known.contains(key.stringValue) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container,
                    debugDescription: "is not a member of this body; it has \(known.sorted().joined(separator: ", "))")
            }
            guard try clearable.contains(key.stringValue) || !container.decodeNil(forKey: key) else {
                throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "must not be null")
            }
        }
        body = try Body(from: decoder)
    }
}

/// A member whatever its name.
struct AnyMember: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
