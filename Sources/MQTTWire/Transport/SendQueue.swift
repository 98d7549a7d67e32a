import CPosix
import DequeModule

/// The output of one connection, in order: small packets gathered into runs, large ones as a few bytes of their own before a slice of a shared payload.
public struct SendQueue: ~Copyable {
    /// Names an entry whose progress somebody wants to know.
    public typealias Token = UInt64

    /// How an entry with a token gets on.
    public enum Progress: Hashable, Sendable {
        /// Its first byte was handed over: it can no longer be removed.
        case began(Token)
        /// Its last byte left.
        case finished(Token)
    }

    /// What one call of `write` came to.
    enum Flush {
        /// Everything left.
        case drained
        /// The peer takes no more for now.
        case blocked
        /// The most that one turn may write left; there is more.
        case exhausted
        /// The connection broke.
        case failed(StreamFailure)

        init(_ outcome: FlushOutcome) {
            self =
                switch outcome {
                case .done: .drained
                case .blocked: .blocked
                case .failed(let reason): .failed(reason)
                }
        }
    }

    private struct Entry {
        var head: [UInt8]
        var payload: SharedSlice?
        var token: Token?

        var count: Int { head.count + (payload?.count ?? 0) }
        /// The file that the payload is a part of.
        var file: Int32? { payload?.bytes.fileDescriptor }
        var isOpenRun: Bool { payload == nil && token == nil && head.count < SendQueue.runLimit }
    }

    /// Payloads up to this size are cheaper copied than referred to.
    public static var copyLimit: Int { 4096 }
    /// A run that has grown to this is followed by another, so that what has left of it is freed.
    private static var runLimit: Int { 65536 }
    private static var piecesAtOnce: Int { 64 }

    private var entries: Deque<Entry> = []
    /// How much of the first entry has left.
    private var offset = 0
    /// How many bytes wait.
    public private(set) var byteCount = 0

    /// An empty queue, which owns no memory.
    public init() {}

    /// True if nothing waits.
    public var isEmpty: Bool { byteCount == 0 }

    /// True if the first entry has left in part.
    public var hasBegun: Bool { offset > 0 }

    /// Appends what the closure adds to the buffer it is lent, gathered with the packets before it.
    public mutating func append<Failure: Error>(
        _ encode: (inout [UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        if let last = entries.indices.last, entries[last].isOpenRun {
            let before = entries[last].head.count
            do {
                try encode(&entries[last].head)
            } catch {
                entries[last].head.removeLast(entries[last].head.count - before)
                throw error
            }
            byteCount += entries[last].head.count - before
        } else {
            var head: [UInt8] = []
            try encode(&head)
            guard !head.isEmpty else { return }
            byteCount += head.count
            entries.append(Entry(head: head, payload: nil, token: nil))
        }
    }

    /// Appends a packet: its own bytes, then the payload. A small payload is copied, a large one referred to until it has left.
    ///
    /// With a token the entry stays apart, so that its progress is told and it can be removed until it begins.
    public mutating func append(head: [UInt8], payload: SharedSlice, token: Token? = nil) {
        guard token != nil || payload.count > Self.copyLimit else {
            append { buffer in
                buffer.append(contentsOf: head)
                payload.withUnsafeBytes { buffer.append(contentsOf: $0) }
            }
            return
        }
        let entry = Entry(head: head, payload: payload.count > 0 ? payload : nil, token: token)
        guard entry.count > 0 else { return }
        byteCount += entry.count
        entries.append(entry)
    }

    /// Appends a whole packet by reference.
    mutating func append(packet: SharedSlice) {
        guard packet.count > 0 else { return }
        byteCount += packet.count
        entries.append(Entry(head: [], payload: packet, token: nil))
    }

    /// Takes out the entry of that token unless it has begun; returns whether it did.
    public mutating func remove(_ token: Token) -> Bool {
        guard let index = entries.firstIndex(where: { $0.token == token }), index > 0 || offset == 0 else {
            return false
        }
        byteCount -= entries[index].count
        entries.remove(at: index)
        return true
    }

    /// How many bytes of that entry, and of what comes before it, wait; nil if there is no such entry.
    public func bytesToEnd(of token: Token) -> Int? {
        var bytes = -offset
        for entry in entries {
            bytes += entry.count
            if entry.token == token { return bytes }
        }
        return nil
    }

    /// The tokens of entries that have not finished, in order.
    public var unfinishedTokens: [Token] {
        entries.compactMap(\.token)
    }

    /// Writes until all has left, the stream takes no more or `limit` bytes have left. What happens to entries with tokens is noted in order.
    mutating func write(to stream: inout ByteStream, limit: Int, noting progress: inout [Progress]) -> Flush {
        var left = limit
        while byteCount > 0 {
            guard left > 0 else { return .exhausted }
            let outcome = writeNext(to: &stream, limit: left)
            switch outcome {
            case .bytes(let count):
                left -= count
                advance(by: count, noting: &progress)
            case .wouldBlock: return .blocked
            case .failed(let reason): return .failed(reason)
            }
        }
        // What the stream has taken may not have left.
        return Flush(stream.flush())
    }

    private func writeNext(to stream: inout ByteStream, limit: Int) -> WriteOutcome {
        if let entry = entries.first, let file = entry.file, offset >= entry.head.count, let payload = entry.payload {
            let position = offset - entry.head.count
            return stream.write(
                file: file, from: payload.range.lowerBound + position, count: min(payload.count - position, limit))
        }
        return withPieces(limit: limit) { stream.write($0, isContinued: $1) }
    }

    /// Lends the bytes that come next, up to the first file, as pieces for one system call, and tells whether a file follows.
    private func withPieces<Result>(limit: Int, _ body: (UnsafeMutableBufferPointer<iovec>, Bool) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.piecesAtOnce) { pieces in
            var used = 0
            var left = limit
            var skip = offset
            var fileFollows = false
            func add(_ bytes: UnsafeRawBufferPointer) {
                let dropped = min(skip, bytes.count)
                skip -= dropped
                let count = min(bytes.count - dropped, left)
                guard count > 0, let base = bytes.baseAddress else { return }
                pieces[used] = iovec(iov_base: UnsafeMutableRawPointer(mutating: base + dropped), iov_len: count)
                used += 1
                left -= count
            }
            for entry in entries {
                guard left > 0, used + 2 <= Self.piecesAtOnce else { break }
                // The entries, and with them the memory, stay as they are until `body` has returned: nothing else can reach them meanwhile.
                entry.head.withUnsafeBytes { add($0) }
                if entry.file != nil {
                    fileFollows = true
                    break
                }
                entry.payload?.withUnsafeBytes { add($0) }
            }
            return body(UnsafeMutableBufferPointer(rebasing: pieces[..<used]), fileFollows)
        }
    }

    private mutating func advance(by count: Int, noting progress: inout [Progress]) {
        byteCount -= count
        var left = count
        while left > 0, let first = entries.first {
            if offset == 0, let token = first.token { progress.append(.began(token)) }
            let remaining = first.count - offset
            guard left >= remaining else {
                offset += left
                return
            }
            left -= remaining
            offset = 0
            entries.removeFirst()
            if let token = first.token { progress.append(.finished(token)) }
        }
        // A connection at rest should own no buffers: there are thousands of them.
        if entries.isEmpty { entries = [] }
    }
}
