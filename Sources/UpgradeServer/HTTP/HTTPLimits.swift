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
    /// How long a connection may say nothing, between requests or in the middle of one. Only a whole header or a part of a body says something: a header
    /// that drips in must be complete within this time. While a request is being answered there is no limit.
    static let idle = TimeAmount.seconds(60)
    /// Connections of one listener. Further ones wait in the system's queue until one of these has ended.
    static let connections = 2_000
    /// How often a quiet event stream says that it is still there.
    static let heartbeat = Duration.seconds(15)
    /// How many committed events a reconnecting event stream is told at most; whoever missed more reads the lists anew.
    static let replayedEvents = 1_000
    /// Bytes of a form that a page sends.
    static let formBody = 16 << 10
    /// Bytes of a form that orders an upgrade: room for the longest ids of all gateways that one page shows, percent-encoded.
    static let orderForm = 64 << 10
    /// How long a session lives without a request; an open event stream is one.
    static let sessionIdle = Duration.seconds(2 * 3600)
    /// How long a session lives at most.
    static let sessionLifetime = Duration.seconds(24 * 3600)
    /// Sessions of one user; a further one ends that which was idle longest.
    static let sessionsPerUser = 20
    /// Sessions of everybody together; a further one ends that which was idle longest.
    static let sessions = 10_000
    /// Passwords that are compared at a time: what the hasher does in parallel.
    static let concurrentLogIns = 2
    /// Log-ins that wait for those; further ones are told to come again.
    static let waitingLogIns = 100
    /// Those of them that come from one address.
    static let waitingLogInsPerAddress = 10
    /// Failed log-ins of one address in five minutes, whatever the accounts; then none is looked at. Many people may share an address.
    static let failuresPerAddress = 100
    /// Wrong tokens of one address in five minutes; then further wrong ones are told to come later.
    static let failedTokensPerAddress = 100
    /// How long a TLS handshake may take.
    static let handshake = TimeAmount.seconds(8)
}
