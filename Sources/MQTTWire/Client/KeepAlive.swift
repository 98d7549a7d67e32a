/// When to send PINGREQ and when to give the server up (section 3.1.2.10).
///
/// A value without a clock: it is told the time.
struct KeepAlive {
    /// What to do now.
    enum Action: Equatable {
        case wait(Duration)
        case ping
        case giveUp
    }

    private let interval: Duration
    private let pingTimeout: Duration
    /// When the PINGREQ was sent that nothing has come after.
    private var pingSent: MonotonicTime?

    /// Nil when the interval is zero: no keep-alive.
    init?(interval: Duration, pingTimeout: Duration) {
        guard interval > .zero else { return nil }
        self.interval = interval
        self.pingTimeout = pingTimeout
    }

    /// Decides at `now`, knowing when bytes last came and last left.
    ///
    /// Whatever comes after a PINGREQ shows that the server lives, not only PINGRESP, which may stand behind a large message. `isReading` is false while
    /// the client itself holds its reading up: then silence means nothing.
    mutating func check(
        now: MonotonicTime, lastInput: MonotonicTime, lastOutput: MonotonicTime, isReading: Bool
    ) -> Action {
        if let sent = pingSent {
            if lastInput > sent || !isReading {
                pingSent = nil
            } else {
                let waited = now - sent
                return waited >= pingTimeout ? .giveUp : .wait(pingTimeout - waited)
            }
        }
        let silence = now - lastOutput
        guard silence >= interval else { return .wait(interval - silence) }
        pingSent = now
        return .ping
    }
}
