/// The one line that `umd` prints on standard output, once everything listens.
struct ReadyLine: CustomStringConvertible {
    /// A URL.
    var http: String
    /// A URL.
    var mqtt: String
    var dataFolder: String
    /// A URL, if there is such a listener.
    var webSocket: String?

    var description: String {
        let values =
            [("http", http), ("mqtt", mqtt), ("data", dataFolder)] + (webSocket.map { [("websocket", $0)] } ?? [])
        return "umd ready " + values.map { "\($0)=\(Self.encoded($1))" }.joined(separator: " ")
    }

    /// Percent-encodes what would make the line ambiguous, and only that: spaces, `%` and control characters.
    private static func encoded(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            if scalar == " " || scalar == "%" || scalar.properties.generalCategory == .control {
                for byte in String(scalar).utf8 {
                    let digits = String(byte, radix: 16, uppercase: true)
                    result += digits.count < 2 ? "%0\(digits)" : "%\(digits)"
                }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
