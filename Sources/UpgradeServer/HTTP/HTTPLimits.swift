import NIOCore
import UpgradeProtocol

/// Every limit of the HTTP side.
enum HTTPLimits {
    /// Bytes of a JSON request body.
    static let jsonBody = 1 << 20
    /// Bytes of an uploaded release.
    static let releaseBody = ProtocolLimits.payloadLength
    /// Bytes of one header field, and of all of them together.
    static let headers = 32 << 10
    /// Header fields of one request.
    static let headerCount = 100
    /// How long a connection may say nothing, between requests or in the middle of one.
    static let idle = TimeAmount.seconds(60)
    /// How often a quiet event stream says that it is still there.
    static let heartbeat = Duration.seconds(15)
    /// How many committed events a reconnecting event stream is told at most; whoever missed more reads the lists anew.
    static let replayedEvents = 1_000
}
