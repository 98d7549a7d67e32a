/// The sizes that the specification fixes. What a server or client allows beyond that is its own configuration.
public enum MQTTLimits {
    /// Bytes of a string or of binary data: their length is two bytes (sections 1.5.4, 1.5.6).
    public static let maximumFieldLength = 65_535

    /// Bytes of an encoded variable byte integer (section 1.5.5).
    public static let maximumVariableByteIntegerLength = 4

    /// The largest variable byte integer, which bounds a packet's remaining length.
    public static let maximumVariableByteInteger = 268_435_455

    /// Bytes of the longest fixed header: type and flags, remaining length.
    public static let maximumFixedHeaderLength = 1 + maximumVariableByteIntegerLength
}
