/// Which part of a list is asked for.
public struct PageRequest: Sendable, Equatable {
    /// 1 to ``maximumLimit``.
    public let limit: Int
    /// Where the page before this one ended, as its `nextCursor` said.
    public let cursor: Cursor?

    /// Items on a page when nobody says how many.
    public static let defaultLimit = 100
    /// Items that one page may have.
    public static let maximumLimit = 1000

    /// - Throws: ``DomainError/invalid(field:problem:)`` for a limit out of range.
    public init(limit: Int = PageRequest.defaultLimit, cursor: Cursor? = nil) throws(DomainError) {
        guard (1...Self.maximumLimit).contains(limit) else {
            throw .invalid(field: "limit", problem: "\(limit) is not between 1 and \(Self.maximumLimit)")
        }
        self.limit = limit
        self.cursor = cursor
    }
}

/// One part of a list.
public struct Page<Item: Sendable>: Sendable {
    /// At most as many as were asked for.
    public var items: [Item]
    /// How many items all pages hold together.
    public var total: Int
    /// Where the next page starts; nil on the last one.
    public var nextCursor: Cursor?

    /// A page.
    public init(items: [Item], total: Int, nextCursor: Cursor?) {
        self.items = items
        self.total = total
        self.nextCursor = nextCursor
    }

    /// The same page with every item put in another form.
    public func map<Other: Sendable>(_ transform: (Item) throws -> Other) rethrows -> Page<Other> {
        Page<Other>(items: try items.map(transform), total: total, nextCursor: nextCursor)
    }
}

extension Page: Equatable where Item: Equatable {}

/// The key of the last item of a page, in characters that a URL may carry as they are.
public struct Cursor: Hashable, Sendable, CustomStringConvertible {
    let key: String

    init(key: String) {
        self.key = key
    }

    init(key: Int64) {
        self.key = String(key)
    }

    init(key: Int64, tieBreaker: Int64) {
        self.key = "\(key) \(tieBreaker)"
    }

    /// - Throws: ``DomainError/invalid(field:problem:)`` for text that no list handed out.
    public init(_ text: String) throws(DomainError) {
        guard let bytes = Self.bytes(hexadecimal: text), let key = String(validating: bytes, as: UTF8.self) else {
            throw .invalid(field: "cursor", problem: "\(quoted(text)) is not a cursor that a list handed out")
        }
        self.key = key
    }

    /// Hexadecimal, so that it is safe in every part of a URL.
    public var description: String { Array(key.utf8).hexadecimal }

    /// - Throws: ``DomainError/invalid(field:problem:)`` when the key is not a number.
    func number() throws(DomainError) -> Int64 {
        guard let number = Int64(key) else { throw foreign }
        return number
    }

    /// - Throws: ``DomainError/invalid(field:problem:)`` when the key is not two numbers.
    func numbers() throws(DomainError) -> (key: Int64, tieBreaker: Int64) {
        let numbers = key.split(separator: " ", omittingEmptySubsequences: false).map { Int64($0) }
        guard numbers.count == 2, let key = numbers[0], let tieBreaker = numbers[1] else { throw foreign }
        return (key, tieBreaker)
    }

    private var foreign: DomainError {
        .invalid(field: "cursor", problem: "\(quoted(description)) belongs to another list")
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count % 2 == 0, !digits.isEmpty else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high * 16 + low))
        }
        return bytes
    }
}
