/// A value of a JSON text, kept as the bytes it was written with.
struct JSONToken {
    enum Kind {
        case string
        case number
        /// `true`, `false` or `null`.
        case literal
        case array
        case object
    }

    let kind: Kind
    /// Where the value stands, quotes and brackets included.
    let range: Range<Int>
}
