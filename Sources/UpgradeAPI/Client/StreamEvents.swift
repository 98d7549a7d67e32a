import AsyncHTTPClient
import FoundationEssentials
import NIOCore

/// The events of one `GET /stream`, as they come. Names that this version does not know are passed over.
public struct StreamEvents: AsyncSequence, Sendable {
    let body: HTTPClientResponse.Body
    let address: String

    /// Begins to read; a stream can be read once.
    public func makeAsyncIterator() -> Iterator {
        Iterator(chunks: body.makeAsyncIterator(), address: address)
    }

    /// Reads one event after the other.
    public struct Iterator: AsyncIteratorProtocol {
        private var chunks: HTTPClientResponse.Body.AsyncIterator
        private let address: String
        private var parser = ServerSentEventParser()
        private var ready: [StreamEvent] = []

        fileprivate init(chunks: HTTPClientResponse.Body.AsyncIterator, address: String) {
            self.chunks = chunks
            self.address = address
        }

        /// The next event, or nil when the daemon has ended the stream.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(APIError) -> StreamEvent? {
            while ready.isEmpty {
                let chunk: ByteBuffer?
                do {
                    chunk = try await chunks.next(isolation: actor)
                } catch {
                    throw APIError(error, address: address)
                }
                guard let chunk else { return nil }
                do {
                    ready = try parser.read(chunk.readableBytesView).compactMap { field in
                        try StreamEvent(name: field.name, data: Data(field.data))
                    }
                } catch {
                    throw APIError.unexpectedAnswer(address: address, reason: "\(error)")
                }
            }
            return ready.removeFirst()
        }
    }
}

/// Reads `text/event-stream` piece by piece (HTML standard, section 9.2.6). Ids and retry times are of no use here and are skipped.
struct ServerSentEventParser {
    /// A line that never ends must not fill the memory.
    private static let longestLine = 4 << 20

    private var line: [UInt8] = []
    private var name = ""
    private var data: [UInt8] = []
    private var afterCarriageReturn = false

    /// The events that `bytes` completes.
    mutating func read(_ bytes: some Sequence<UInt8>) throws(StreamFormatError) -> [(name: String, data: [UInt8])] {
        var events: [(name: String, data: [UInt8])] = []
        for byte in bytes {
            defer { afterCarriageReturn = byte == 0x0D }
            switch byte {
            case 0x0A where afterCarriageReturn:
                break
            case 0x0A, 0x0D:
                if let event = endLine() { events.append(event) }
            default:
                guard line.count < Self.longestLine, data.count < Self.longestLine else { throw StreamFormatError() }
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() -> (name: String, data: [UInt8])? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            defer {
                name = ""
                data = []
            }
            return data.isEmpty ? nil : (name.isEmpty ? "message" : name, data)
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": name = String(decoding: value, as: UTF8.self)
        case "data": data += data.isEmpty ? Array(value) : [0x0A] + value
        default: break
        }
        return nil
    }
}

/// The stream sends a line, or an event, beyond all bounds.
struct StreamFormatError: Error, CustomStringConvertible {
    var description: String { "an event of the stream is larger than 4 MiB" }
}
