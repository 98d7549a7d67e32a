import CPosix

/// The options that every connected socket of ours has.
enum SocketOptions {
    /// Small packets leave at once, and the kernel holds no more unsent bytes than keep the wire busy: with the default, a few stalled readers of a
    /// large payload take all the memory that TCP may have, and everyone else starves.
    static func prepareConnected(_ descriptor: Int32) {
        set(descriptor, level: Int32(IPPROTO_TCP), TCP_NODELAY, to: 1)
        // A peer that is gone without a word is found within some ten minutes, also where MQTT's keep-alive is off.
        set(descriptor, level: SOL_SOCKET, SO_KEEPALIVE, to: 1)
        set(descriptor, level: Int32(IPPROTO_TCP), TCP_KEEPIDLE, to: 300)
        set(descriptor, level: Int32(IPPROTO_TCP), TCP_KEEPINTVL, to: 60)
        set(descriptor, level: Int32(IPPROTO_TCP), TCP_KEEPCNT, to: 5)
        set(descriptor, level: Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, to: 128 * 1024)
    }

    /// A restarted server gets its port back although connections of its predecessor linger; accepted sockets begin with the options of the listening
    /// one, which saves each of them six system calls.
    static func prepareListening(_ descriptor: Int32, family: Int32) {
        prepareConnected(descriptor)
        set(descriptor, level: SOL_SOCKET, SO_REUSEADDR, to: 1)
        if family == AF_INET6 { set(descriptor, level: Int32(IPPROTO_IPV6), IPV6_V6ONLY, to: 1) }
    }

    /// A failure leaves the default in force, with which everything still works.
    private static func set(_ descriptor: Int32, level: Int32, _ option: Int32, to value: Int32) {
        var value = value
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
