import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore

/// A form with a file, as browsers send it without a script: `multipart/form-data` (RFC 7578), read as it arrives.
///
/// What the form says comes before the file: fields are read whole, the file in pieces that are gone when the next one comes.
struct MultipartBody {
    private var bytes: RequestBytes
    /// What has arrived and was not given out.
    private var buffer = ByteBuffer(string: lineEnd)
    /// The end of a line and the boundary, which end a part. The first part begins after one, too.
    private let delimiter: [UInt8]
    /// What comes before the first delimiter is a part that nobody reads.
    private var isInPart = true

    private static let lineEnd = "\r\n"
    /// Bytes of a part's header; browsers send the name of the file in it.
    private static let headerLimit = 4 << 10

    /// - Throws: a 415 for another content type, or one without a boundary of 1 to 70 bytes.
    init(of request: Request) throws {
        let contentType = request.headers[.contentType].flatMap(MediaType.init(from:))
        guard let contentType, contentType.isType(.multipartForm), let (name, boundary) = contentType.parameter,
            name.lowercased() == "boundary", (1...70).contains(boundary.utf8.count)
        else { throw Problem(.unsupportedMediaType, "the body must be a form with a file: multipart/form-data") }
        delimiter = Array("\(Self.lineEnd)--\(boundary)".utf8)
        bytes = RequestBytes(of: request)
    }

    /// The fields before the one with the file, whose bytes ``nextBytes()`` gives then.
    ///
    /// - Throws: a 413 for fields of more than `limit` bytes; a 422 for what is no form, for a field that is given twice, and for a form without the file;
    ///   a 400 for a form that ends early.
    mutating func fields(before file: String, upTo limit: Int) async throws -> [String: String] {
        var fields: [String: String] = [:]
        var size = 0
        while let name = try await nextPart() {
            if name == file { return fields }
            var value = ByteBuffer()
            while var piece = try await nextBytes() {
                size += piece.readableBytes
                guard size <= limit else {
                    throw Problem(.contentTooLarge, "the form has more than \(limit) bytes before its file")
                }
                value.writeBuffer(&piece)
            }
            guard fields.updateValue(String(buffer: value), forKey: name) == nil else {
                throw Problem(.unprocessableContent, "\(quoted(name)): given twice; give it once", field: name)
            }
        }
        throw Problem(.unprocessableContent, "there is no file in the form", field: file)
    }

    /// The next bytes of the current part; `nil` after its last.
    mutating func nextBytes() async throws -> ByteBuffer? {
        while isInPart {
            let (offset, isWhole) = placeOfDelimiter()
            if offset > 0 { return buffer.readSlice(length: offset) }
            if isWhole {
                buffer.moveReaderIndex(forwardBy: delimiter.count)
                isInPart = false
            } else {
                try await readOn()
            }
        }
        return nil
    }

    /// The name of the next part; `nil` after the last one.
    mutating func nextPart() async throws -> String? {
        while try await nextBytes() != nil {}
        while buffer.readableBytes < 2 { try await readOn() }
        switch buffer.readString(length: 2) {
        case "--": return nil
        case Self.lineEnd: break
        default: throw Self.malformed
        }
        let end = Array((Self.lineEnd + Self.lineEnd).utf8)
        while true {
            if let range = buffer.readableBytesView.firstRange(of: end) {
                let length = range.upperBound - buffer.readerIndex
                guard length <= Self.headerLimit, let header = buffer.readString(length: length),
                    let name = Self.name(in: header)
                else { throw Self.malformed }
                isInPart = true
                return name
            }
            guard buffer.readableBytes <= Self.headerLimit else { throw Self.malformed }
            try await readOn()
        }
    }

    private mutating func readOn() async throws {
        guard var next = try await bytes.next() else {
            throw Problem(.badRequest, "the form ended early; nothing was kept")
        }
        buffer.discardReadBytes()
        buffer.writeBuffer(&next)
    }

    /// Where the delimiter begins in what has arrived, or may begin if more arrives; at the end if it does not.
    private func placeOfDelimiter() -> (offset: Int, isWhole: Bool) {
        buffer.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while let place = rest.firstIndex(of: UInt8(ascii: "\r")) {
                rest = rest[place...]
                let common = min(rest.count, delimiter.count)
                if rest.prefix(common).elementsEqual(delimiter.prefix(common)) {
                    return (place, common == delimiter.count)
                }
                rest = rest.dropFirst()
            }
            return (bytes.count, false)
        }
    }

    private static let malformed = Problem(.unprocessableContent, "the form is not well-formed multipart/form-data")

    private static func name(in header: String) -> String? {
        for line in header.split(separator: lineEnd) {
            if let match = line.wholeMatch(of: #/(?i:content-disposition:\s*form-data);\s*name="([^"]*)"(?:;.*)?/#) {
                return String(match.output.1)
            }
        }
        return nil
    }
}
