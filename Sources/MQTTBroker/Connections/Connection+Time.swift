import MQTTWire

/// Keep-alive and write stall: what happens when a client says nothing, or takes nothing.
extension Connection {
    func effectiveKeepAlive(_ connect: Connect, _ limits: Limits) -> UInt16 {
        // [MQTT-3.2.2-22]
        guard version.hasProperties, let longest = limits.maximumKeepAlive else { return connect.keepAlive }
        let seconds = UInt16(clamping: max(1, longest.components.seconds))
        return connect.keepAlive == 0 ? seconds : min(connect.keepAlive, seconds)
    }

    func startKeepAlive(_ seconds: UInt16) {
        guard seconds > 0 else { return }
        // One and a half times the keep-alive [MQTT-3.1.2-22].
        keepAlive = .milliseconds(Int64(seconds) * 1500)
        scheduleKeepAlive(after: keepAlive)
    }

    private func scheduleKeepAlive(after delay: Duration) {
        keepAliveTimer = loop.schedule(after: delay) { [unowned self] in
            keepAliveTimer = nil
            let silence = loop.now - lastInput
            // While the broker does not read, it hears nothing: that is not the client's silence.
            if silence >= keepAlive, holds.isEmpty {
                end(.keepAliveTimeout, sending: .keepAliveTimeout)
            } else {
                scheduleKeepAlive(after: silence < keepAlive ? keepAlive - silence : keepAlive)
            }
        }
    }

    /// Watches a client with output until it has taken all of it.
    func watchForStall() {
        guard stallTimer == nil, !hasEnded else { return }
        scheduleStallCheck(after: shard.core.limits.writeStall)
    }

    private func scheduleStallCheck(after delay: Duration) {
        stallTimer = loop.schedule(after: delay) { [unowned self] in
            stallTimer = nil
            guard pendingOutput > 0 else { return }
            let idle = loop.now - lastOutput
            let limit = shard.core.limits.writeStall
            if idle >= limit { end(.writeStall, sending: nil) } else { scheduleStallCheck(after: limit - idle) }
        }
    }

    func cancelTimers() {
        for timer in [keepAliveTimer, stallTimer, connectTimer] {
            if let timer { loop.cancel(timer) }
        }
        (keepAliveTimer, stallTimer, connectTimer) = (nil, nil, nil)
    }

    /// Whether the client takes what is sent to it: output left lately, or acknowledgements come.
    var isDraining: Bool {
        let last = pendingOutput > 0 ? lastOutput : max(lastOutput, lastInput)
        return loop.now - last < Self.drainPatience
    }
}
