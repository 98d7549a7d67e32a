/// The properties of a 5.0 packet, in the order in which they were sent.
///
/// They are kept as they stand on the wire, checked: none at all, the common case, costs no allocation, any number costs
/// one, and a server forwards them without taking them apart. Which property may stand in which packet is checked when
/// the packet is read or written.
public struct Properties: Hashable, Sendable {
    private(set) var bytes: [UInt8]

    /// No properties.
    public init() {
        bytes = []
    }

    /// Throws when a value cannot be sent: out of its range, or text that is too long or contains U+0000.
    public init(_ properties: [Property]) throws(PacketError) {
        bytes = []
        for property in properties { try append(property) }
    }

    /// Copies properties that have been checked.
    init(checked bytes: Span<UInt8>, _ range: Range<Int>) {
        self.bytes = range.isEmpty ? [] : bytes.array(range)
    }

    /// Whether there is no property.
    public var isEmpty: Bool { bytes.isEmpty }

    /// How many bytes they take on the wire, without their length.
    public var byteCount: Int { bytes.count }

    /// Adds a property behind the others. One that may stand only once is refused when the packet is written.
    public mutating func append(_ property: Property) throws(PacketError) {
        let start = bytes.count
        do throws(PacketError) {
            try property.append(to: &bytes)
            var scanner = PropertyScanner(start..<bytes.count, origin: 0)
            _ = try scanner.next(bytes.span)
        } catch {
            bytes.removeSubrange(start...)
            throw error.moved(to: nil)
        }
    }

    /// Puts a property in place of all those with its identifier.
    public mutating func set(_ property: Property) throws(PacketError) {
        let before = bytes
        remove(property.identifier)
        do throws(PacketError) {
            try append(property)
        } catch {
            bytes = before
            throw error
        }
    }

    /// Removes all properties with this identifier.
    public mutating func remove(_ identifier: PropertyIdentifier) {
        while let field = field(identifier) { bytes.removeSubrange(field.range) }
    }

    /// Removes properties with any of these identifiers, as a server does before it forwards a message.
    public mutating func remove(_ identifiers: PropertyIdentifier...) {
        for identifier in identifiers where !isEmpty { remove(identifier) }
    }

    /// The first property with this identifier.
    func field(_ identifier: PropertyIdentifier) -> PropertyField? {
        guard !bytes.isEmpty else { return nil }
        return Self.field(identifier, in: bytes.span, 0..<bytes.count)
    }

    /// The first property with this identifier among bytes that have been checked.
    static func field(
        _ identifier: PropertyIdentifier, in bytes: Span<UInt8>, _ range: Range<Int>
    ) -> PropertyField? {
        var scanner = PropertyScanner(range, origin: 0)
        // The bytes were checked when they came in, so that the scanner cannot throw here.
        while let field = try? scanner.next(bytes) {
            if field.identifier == identifier { return field }
        }
        return nil
    }
}

extension Properties: Sequence {
    /// Takes the properties apart one by one.
    public struct Iterator: IteratorProtocol {
        private let bytes: [UInt8]
        private var scanner: PropertyScanner

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            scanner = PropertyScanner(0..<bytes.count, origin: 0)
        }

        /// The next property, in the order in which they were sent.
        public mutating func next() -> Property? {
            // A copy, since a span of the member would borrow the scanner along with it.
            let bytes = bytes
            guard let field = try? scanner.next(bytes.span) else { return nil }
            return Property(field, bytes.span)
        }
    }

    /// Begins with the first property.
    public func makeIterator() -> Iterator {
        Iterator(bytes)
    }
}
