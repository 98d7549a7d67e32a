/// Writes one flat JSON object, compact, in the order of its calls.
struct JSONObjectWriter {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    mutating func write(_ name: String, string value: String) {
        begin(name)
        append(string: value)
    }

    /// Writes a number whose decimal form is known to be JSON's.
    mutating func write(_ name: String, number value: String) {
        begin(name)
        bytes.append(contentsOf: value.utf8)
    }

    mutating func write(_ name: String, _ version: Version, _ style: VersionStyle) {
        begin(name)
        append(version, style)
    }

    mutating func write(_ name: String, _ versions: [Version], _ style: VersionStyle) {
        begin(name)
        bytes.append(UInt8(ascii: "["))
        for (index, version) in versions.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(version, style)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// The object's bytes.
    consuming func finished() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private mutating func begin(_ name: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        append(string: name)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func append(_ version: Version, _ style: VersionStyle) {
        switch style {
        case .number: bytes.append(contentsOf: version.description.utf8)
        case .text: append(string: version.description)
        }
    }

    private mutating func append(string: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes.append(contentsOf: "\\u00".utf8)
                if digits.utf8.count == 1 { bytes.append(UInt8(ascii: "0")) }
                bytes.append(contentsOf: digits.utf8)
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
