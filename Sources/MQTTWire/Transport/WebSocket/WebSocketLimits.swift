/// The numbers of the WebSocket layer.
enum WebSocketLimits {
    /// The longest request that asks for the upgrade; browsers send the cookies of the host along.
    static let requestSize = 16 * 1024
    /// The most that one frame to the client carries. What of it the socket does not take is kept, so this is also what a client that does not read costs.
    static let frameSize = 64 * 1024
    /// How many bytes may wait for the socket before pings are answered no more.
    static let unsentLimit = 2 * frameSize
    /// How many bytes a client may send without any data among them: pings and empty frames. More is an attempt to keep a loop busy.
    static let overheadLimit = 64 * 1024
    /// The most that a control frame carries (RFC 6455, 5.5).
    static let controlSize = 125
    /// How many control frames may come in one reading; each is answered at most once.
    static let controlsAtOnce = 256
}
