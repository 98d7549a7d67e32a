import CPosix

/// Walks over pieces of memory in steps of a record each.
struct PieceCursor {
    /// The plaintext of the next record.
    enum Record {
        /// It lies in one piece.
        case lent(UnsafeRawBufferPointer)
        /// So many bytes of it lie in several.
        case scattered(Int)
    }

    private let pieces: UnsafeMutableBufferPointer<iovec>
    private var index = 0
    private var offset = 0

    init(_ pieces: UnsafeMutableBufferPointer<iovec>) {
        self.pieces = pieces
    }

    /// The next record, full unless nothing follows; nil at the end.
    mutating func next() -> Record? {
        while index < pieces.count, offset == pieces[index].iov_len {
            index += 1
            offset = 0
        }
        guard index < pieces.count, let base = pieces[index].iov_base else { return nil }
        let left = pieces[index].iov_len - offset
        if left >= TLSLimits.recordSize || index + 1 == pieces.count {
            return .lent(UnsafeRawBufferPointer(start: base + offset, count: min(left, TLSLimits.recordSize)))
        }
        let total = pieces[index...].reduce(-offset) { $0 + $1.iov_len }
        return .scattered(min(total, TLSLimits.recordSize))
    }

    /// Copies the next bytes, without going on.
    func gather(_ count: Int, into scratch: UnsafeMutableRawBufferPointer) {
        var filled = 0
        var (index, offset) = (index, offset)
        while filled < count, index < pieces.count {
            let length = min(pieces[index].iov_len - offset, count - filled)
            if length > 0, let base = pieces[index].iov_base {
                (scratch.baseAddress.map { $0 + filled })?.copyMemory(from: base + offset, byteCount: length)
            }
            filled += length
            index += 1
            offset = 0
        }
    }

    /// Goes on by what was taken.
    mutating func advance(by count: Int) {
        var left = count
        while left > 0, index < pieces.count {
            let step = min(pieces[index].iov_len - offset, left)
            offset += step
            left -= step
            if offset == pieces[index].iov_len {
                index += 1
                offset = 0
            }
        }
    }
}
