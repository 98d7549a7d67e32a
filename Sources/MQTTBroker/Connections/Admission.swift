import MQTTWire

/// What a connection needs until its client is let in, and while the client has to prove itself anew.
final class Admission {
    /// The CONNECT, until it is decided: it may hold a password.
    var greeting: Greeting?
    /// The exchange by the authentication method that CONNECT named.
    var exchange: ConnectionExchange?
    /// Ends the connection if the decision does not come in time.
    var timer: EventLoop.TimerID?

    init(_ greeting: Greeting) { self.greeting = greeting }
}

extension Connection {
    /// Gives the client or the decision so much time.
    func limitAdmission(to time: Duration, _ action: @escaping () -> Void) {
        cancelAdmissionTimer()
        admission?.timer = loop.schedule(after: time) { [unowned self] in
            admission?.timer = nil
            action()
        }
    }

    func cancelAdmissionTimer() {
        if let timer = admission?.timer { loop.cancel(timer) }
        admission?.timer = nil
    }

    /// The client is let in, and nobody waits for anything any more. Who came by an authentication method may have to prove itself anew.
    func forgetAdmission() {
        cancelAdmissionTimer()
        admission?.greeting = nil
        if admission?.exchange == nil { admission = nil }
    }
}
