import FoundationEssentials

/// The objects of a file that mongoexport wrote: an array of them, or one after the other.
struct JSONRecords {
    /// One object and the line that it begins on.
    struct Record {
        var line: Int
        var result: Result<[String: ExtendedJSON], ImportReport.Refusal>
    }

    /// Cuts the file into its objects; one that is no JSON is found where it stands, and does not hide the others.
    static func read(_ data: Data) -> [Record] {
        var records: [Record] = []
        var line = 1
        var start: (index: Data.Index, line: Int)?
        var depth = 0
        var isInString = false
        var isEscaped = false
        for index in data.indices {
            let byte = data[index]
            if byte == UInt8(ascii: "\n") { line += 1 }
            if isInString {
                isInString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where depth > 0:
                isInString = true
            case UInt8(ascii: "{"):
                if depth == 0 { start = (index, line) }
                depth += 1
            case UInt8(ascii: "}") where depth > 0:
                depth -= 1
                if depth == 0, let begin = start {
                    records.append(record(data[begin.index...index], line: begin.line))
                    start = nil
                }
            // What is around the objects of an array; a byte order mark.
            case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","), 0xEF, 0xBB, 0xBF:
                break
            default:
                guard depth == 0 else { break }
                let refusal = ImportReport.Refusal(
                    line: line, reason: "this is not what mongoexport writes: an array of objects, or one object a line"
                )
                return records + [Record(line: line, result: .failure(refusal))]
            }
        }
        if let start {
            let refusal = ImportReport.Refusal(line: start.line, reason: "the object that begins here does not end")
            records.append(Record(line: start.line, result: .failure(refusal)))
        }
        return records
    }

    private static func record(_ bytes: Data, line: Int) -> Record {
        do {
            let members = try JSONDecoder().decode([String: ExtendedJSON].self, from: Data(bytes))
            return Record(line: line, result: .success(members))
        } catch {
            return Record(line: line, result: .failure(.init(line: line, reason: "the object is not valid JSON")))
        }
    }
}

/// A JSON value of which we need text, numbers and truth values, in MongoDB's Extended JSON too: `{"$numberDouble": "0.5"}` is a number.
enum ExtendedJSON: Decodable {
    case null
    case bool(Bool)
    /// A string, or a number in decimal form.
    case text(String)
    /// Anything else.
    case other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode(Decimal.self) {
            self = .text(value.description)
        } else if let members = try? container.decode([String: ExtendedJSON].self) {
            self = Self.unwrapped(members)
        } else {
            self = .other
        }
    }

    private static func unwrapped(_ members: [String: ExtendedJSON]) -> ExtendedJSON {
        guard members.count == 1, let (name, value) = members.first else { return .other }
        return switch name {
        case "$oid", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal": value
        case "$undefined": .null
        default: .other
        }
    }
}
