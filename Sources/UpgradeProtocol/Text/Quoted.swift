/// A text from outside as it may stand in an error of one line: quoted, cut after 64 characters, and with line breaks,
/// control characters and quotes escaped.
func quoted(_ text: String) -> String {
    var line = "'"
    for (count, scalar) in text.unicodeScalars.enumerated() {
        if count == 64 {
            line += "…"
            break
        }
        if scalar.isControl || scalar == "'" || scalar == "\\" || scalar.value == 0x2028 || scalar.value == 0x2029 {
            line += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            line.unicodeScalars.append(scalar)
        }
    }
    return line + "'"
}
