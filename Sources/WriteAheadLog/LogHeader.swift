/// What stands at the beginning of a write-ahead log, in SQLite's documented format.
struct LogHeader {
    static let size = 32
    /// The last bit says in which order the words of what is summed stand.
    private static let magic: UInt32 = 0x377F_0682

    let pageSize: Int
    /// Drawn anew whenever the log begins from its start: a frame with others is a leftover.
    let salts: UInt64
    let checksum: Checksum
    /// Whether it is as it was written; of one that is not, nothing else can be relied on.
    let isIntact: Bool

    init(_ bytes: UnsafeRawBufferPointer) {
        let magic = bytes.bigEndianWord(at: 0)
        let claimsBigEndian = magic == Self.magic | 1
        let size = Int(bytes.bigEndianWord(at: 8))
        let isSize = size >= 512 && size <= 65_536 && size & (size - 1) == 0
        pageSize = isSize ? size : 4_096
        salts = bytes.bigEndianPair(at: 16)
        var sum = Checksum(isBigEndian: claimsBigEndian)
        sum.add(UnsafeRawBufferPointer(rebasing: bytes[..<24]))
        let (first, second) = (bytes.bigEndianWord(at: 24), bytes.bigEndianWord(at: 28))
        isIntact =
            (magic == Self.magic || claimsBigEndian) && isSize && sum.first == first && sum.second == second
        // SQLite takes the machine's own order.
        checksum = Checksum(
            first: first, second: second, isBigEndian: isIntact ? claimsBigEndian : Checksum.machineIsBigEndian)
    }
}

/// One page as it is after a transaction, with 24 bytes before it.
struct LogFrame {
    static let headerSize = 24

    let page: UInt32
    /// The pages that the database has after the transaction, of which this frame is the last; else 0.
    let sizeAfterCommit: UInt32
    let salts: UInt64
    let checksum: Checksum
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer, isBigEndian: Bool) {
        self.bytes = bytes
        page = bytes.bigEndianWord(at: 0)
        sizeAfterCommit = bytes.bigEndianWord(at: 4)
        salts = bytes.bigEndianPair(at: 8)
        checksum = Checksum(
            first: bytes.bigEndianWord(at: 16), second: bytes.bigEndianWord(at: 20), isBigEndian: isBigEndian)
    }

    var isCommit: Bool { sizeAfterCommit != 0 }

    /// Whether it was written behind what has this checksum: each frame's goes on from the one before.
    func follows(_ before: Checksum) -> Bool {
        guard page != 0 else { return false }
        var sum = before
        sum.add(UnsafeRawBufferPointer(rebasing: bytes[..<8]))
        sum.add(UnsafeRawBufferPointer(rebasing: bytes[Self.headerSize...]))
        return sum == checksum
    }
}

/// SQLite's sum over words of 32 bits.
struct Checksum: Equatable {
    var first: UInt32 = 0
    var second: UInt32 = 0
    let isBigEndian: Bool

    static let machineIsBigEndian = 1.bigEndian == 1

    /// Adds bytes, which are a multiple of eight.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var (first, second) = (first, second)
        for offset in stride(from: 0, to: bytes.count, by: 8) {
            let pair = bytes.loadUnaligned(fromByteOffset: offset, as: (UInt32, UInt32).self)
            let left = isBigEndian ? UInt32(bigEndian: pair.0) : UInt32(littleEndian: pair.0)
            let right = isBigEndian ? UInt32(bigEndian: pair.1) : UInt32(littleEndian: pair.1)
            first = first &+ left &+ second
            second = second &+ right &+ first
        }
        (self.first, self.second) = (first, second)
    }
}

extension UnsafeRawBufferPointer {
    func bigEndianWord(at offset: Int) -> UInt32 {
        UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    func bigEndianPair(at offset: Int) -> UInt64 {
        UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
