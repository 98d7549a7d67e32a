/// The name a gateway goes by: the last level of its topics, and its MQTT client id.
///
/// 1 to 128 bytes of UTF-8 without `/`, `+`, `#` and control characters, without white space at its ends, not starting
/// with `$`. Two ids are the same when their bytes are: no Unicode normalisation, since MQTT knows none.
public struct GatewayID: Hashable, Comparable, Sendable, CustomStringConvertible {
    private let text: IdentifierText

    /// Validates an id. Nothing is trimmed or repaired.
    ///
    /// - Parameter text: the id.
    /// - Throws: ``IdentifierError``, with the rule that `text` breaks.
    public init(_ text: String) throws(IdentifierError) {
        self.text = try IdentifierText(text, kind: .gateway)
    }

    /// The id as it stands in a topic name.
    public var rawValue: String { text.value }

    /// The id itself.
    public var description: String { text.value }

    /// Whether an id sorts before another: by their UTF-8 bytes.
    public static func < (left: GatewayID, right: GatewayID) -> Bool { left.text < right.text }
}
