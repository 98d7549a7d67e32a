extension Properties {
    /// Reads the properties' length and the properties, or nothing when the version has none.
    init(
        _ reader: inout ByteReader, _ bytes: Span<UInt8>, at place: PropertyPlace, _ version: ProtocolVersion
    ) throws(PacketError) {
        guard version.hasProperties else {
            self.init()
            return
        }
        self.init(checked: bytes, try Self.range(&reader, bytes, at: place).range)
    }

    /// Reads the properties' length, and says where the properties lie, which have been checked, and which there are.
    @inline(__always)
    static func range(
        _ reader: inout ByteReader, _ bytes: Span<UInt8>, at place: PropertyPlace
    ) throws(PacketError) -> (range: Range<Int>, identifiers: PropertyIdentifiers) {
        // [MQTT-2.2.2-1]
        let length = try reader.variableByteInteger(bytes, "property length")
        let range = try reader.take(length, "properties")
        return (range, range.isEmpty ? [] : try check(bytes, range, at: place, origin: reader.origin))
    }

    /// Checks every property by the table, and what binds properties together; says which there are.
    @discardableResult
    private static func check(
        _ bytes: Span<UInt8>, _ range: Range<Int>, at place: PropertyPlace, origin: Int
    ) throws(PacketError) -> PropertyIdentifiers {
        var seen: PropertyIdentifiers = []
        var scanner = PropertyScanner(range, origin: origin)
        while let field = try scanner.next(bytes) {
            let identifier = field.identifier
            let rule = identifier.rule
            guard rule.places.contains(place) else {
                // A packet that the other side may send is well-formed: it only comes from the wrong one.
                let isFromWrongSide = place.otherDirection.map(rule.places.contains) ?? false
                throw PacketError(
                    isFromWrongSide ? .protocolError : .malformedPacket, at: origin + field.range.lowerBound,
                    "\(identifier) is no property of \(place)")
            }
            guard seen.insert(PropertyIdentifiers(identifier)).inserted || rule.repeatable.contains(place) else {
                throw PacketError(
                    .protocolError, at: origin + field.range.lowerBound, "a second \(identifier) in \(place)")
            }
        }
        guard seen.contains(.authenticationMethod) || !seen.contains(.authenticationData) else {
            throw PacketError(
                .protocolError, at: origin + range.lowerBound, "authentication data without authentication method")
        }
        return seen
    }

    /// Appends the properties' length and the properties, or nothing when the version has none.
    func encode(
        at place: PropertyPlace, _ version: ProtocolVersion, into buffer: inout [UInt8]
    ) throws(PacketError) {
        guard version.hasProperties else { return }
        try checkLegal(at: place, version)
        buffer.appendVariableByteInteger(bytes.count)
        buffer.append(contentsOf: bytes)
    }

    /// Checks by the table that these properties may stand there; before 5.0 they are not written and not checked.
    func checkLegal(at place: PropertyPlace, _ version: ProtocolVersion) throws(PacketError) {
        guard version.hasProperties, !bytes.isEmpty else { return }
        do throws(PacketError) {
            try Self.check(bytes.span, 0..<bytes.count, at: place, origin: 0)
            guard bytes.count <= MQTTLimits.maximumVariableByteInteger else {
                throw PacketError(.packetTooLarge, "properties of \(bytes.count) bytes; at most 268435455")
            }
        } catch {
            throw error.moved(to: nil)
        }
    }
}
