/// Every maximum of the protocol, in one place: read by the codecs, by the server and by gateways.
public enum ProtocolLimits {
    /// Bytes of the header that begins every frame.
    public static let frameHeaderLength = 12

    /// Bytes of the largest payload of a frame, and so of the largest release.
    ///
    /// An MQTT packet's remaining length is at most 268,435,455 bytes; the frame header, the topic name and the packet's
    /// own fields share what is left above this figure.
    public static let payloadLength = 268_435_000

    /// Bytes of the longest gateway id, as UTF-8.
    public static let gatewayIDLength = 128

    /// Bytes of the longest company id, as UTF-8.
    public static let companyIDLength = 64

    /// Digits before the point of a version.
    public static let versionWholeDigits = 9

    /// Digits after the point of a version.
    public static let versionFractionDigits = 6

    /// Bytes of the largest message body that is read as JSON. Executables are not: they go up to ``payloadLength``.
    public static let messageLength = 1_048_576

    /// How deep arrays and objects of a message may nest, the message's own object included.
    public static let messageDepth = 16

    /// Bytes of the longest reason in ``StatusMessage/failed``, as UTF-8; a longer one is cut.
    public static let failureReasonLength = 512

    /// The times that a STATUS may name, in milliseconds since 1970: the years 1 to 9999, which are all that RFC 3339
    /// can write.
    public static let statusTimestamps: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999
}
