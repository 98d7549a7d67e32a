/// One event of a `text/event-stream` (HTML Living Standard, 9.2), ready to be written.
struct ServerSentEvent {
    /// What the browser sends back as `Last-Event-ID` when it reconnects; nil leaves the last one standing.
    var id: Int64?
    /// The kind, on which listeners register.
    var kind: String
    /// The body; line breaks in it become several `data` fields, as the format wants it.
    var data: String

    /// A comment that keeps proxies and idle timers from closing a quiet stream.
    static let heartbeat = ":\n\n"

    /// The bytes on the wire.
    var text: String {
        var text = ""
        if let id { text += "id: \(id)\n" }
        text += "event: \(kind)\n"
        for line in data.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            text += "data: \(line)\n"
        }
        return text + "\n"
    }
}
