import HTTPTypes

/// An attempt that is not looked at now, but will be later.
struct RetryLater: Error {
    let status: HTTPResponse.Status
    /// What happened, without when to come again.
    let reason: String
    /// Whole seconds from now, at least one.
    let seconds: Int

    init(_ status: HTTPResponse.Status, _ reason: String, after wait: Duration) {
        self.status = status
        self.reason = reason
        let (seconds, rest) = wait.components
        self.seconds = max(1, Int(clamping: seconds) + (rest > 0 ? 1 : 0))
    }

    /// The reason and when to come again, for people.
    var detail: String {
        let wait = seconds < 90 ? "\(seconds) \(seconds == 1 ? "second" : "seconds")" : "\((seconds + 59) / 60) minutes"
        return "\(reason); try again in \(wait)"
    }

    var headers: HTTPFields { [.retryAfter: String(seconds)] }
}
