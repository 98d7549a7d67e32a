import MQTTWire

/// Keep-alive and write stall: what happens when a client says nothing, or takes nothing.
extension Connection {
    func effectiveKeepAlive(_ connect: Connect, _ limits: Limits) -> UInt16 {
        // [MQTT-3.2.2-22]
        guard version.hasProperties, let longest = limits.maximumKeepAlive else { return connect.keepAlive }
        let seconds = UInt16(clamping: max(1, longest.components.seconds))
        return connect.keepAlive == 0 ? seconds : min(connect.keepAlive, seconds)
    }

    /// One timer watches both, since there are thousands of clients of which each has it.
    func startKeepAlive(_ seconds: UInt16) {
        keepAlive = seconds
        if seconds > 0 { watch = loop.schedule(self, after: longestSilence) }
    }

    /// One and a half times the keep-alive [MQTT-3.1.2-22].
    private var longestSilence: Duration { .milliseconds(Int64(keepAlive) * 1500) }

    /// Watches a client with output until it has taken all of it.
    func watchForStall() {
        guard !watchesOutput, !hasEnded else { return }
        watchesOutput = true
        let limit = shard.core.limits.writeStall
        // A client that is not read may have been silent for longer than it may be, and its watch be due long after that.
        let untilSilent = keepAlive > 0 ? max(.zero, longestSilence - (loop.now - lastInput)) : limit
        scheduleWatch(after: min(limit, untilSilent))
    }

    private func scheduleWatch(after delay: Duration) {
        if let watch { loop.cancel(watch) }
        watch = loop.schedule(self, after: delay)
    }

    /// The watch ended: what it was for, and when to look next.
    func lookAtClient() {
        watch = nil
        guard !hasEnded else { return }
        var next: Duration?
        if keepAlive > 0 {
            let silence = loop.now - lastInput
            // While the broker does not read, it hears nothing: that is not the client's silence.
            if silence >= longestSilence, holds.isEmpty {
                return end(.keepAliveTimeout, sending: .keepAliveTimeout)
            }
            next = silence < longestSilence ? longestSilence - silence : longestSilence
        }
        watchesOutput = watchesOutput && pendingOutput > 0
        if watchesOutput {
            let idle = loop.now - lastOutput
            let limit = shard.core.limits.writeStall
            if idle >= limit { return end(.writeStall, sending: nil) }
            next = min(next ?? limit, limit - idle)
        }
        if let next { scheduleWatch(after: next) }
    }

    func cancelTimers() {
        if let watch { loop.cancel(watch) }
        watch = nil
        cancelAdmissionTimer()
    }

    /// How long the client has not taken anything that is sent to it: no output left, nor did acknowledgements come.
    var stalledFor: Duration {
        loop.now - (pendingOutput > 0 ? lastOutput : max(lastOutput, lastInput))
    }
}
