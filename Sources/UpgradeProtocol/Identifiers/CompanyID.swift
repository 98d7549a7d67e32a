/// The name of the company that owns a gateway.
///
/// 1 to 64 bytes of UTF-8, by the same rule as a ``GatewayID``.
public struct CompanyID: Hashable, Comparable, Sendable, CustomStringConvertible {
    private let text: IdentifierText

    /// Validates an id. Nothing is trimmed or repaired.
    ///
    /// - Parameter text: the id.
    /// - Throws: ``IdentifierError``, with the rule that `text` breaks.
    public init(_ text: String) throws(IdentifierError) {
        self.text = try IdentifierText(text, kind: .company)
    }

    /// The id as it stands in a STATUS.
    public var rawValue: String { text.value }

    /// The id itself.
    public var description: String { text.value }

    /// Whether an id sorts before another: by their UTF-8 bytes.
    public static func < (left: CompanyID, right: CompanyID) -> Bool { left.text < right.text }
}
