import CPosix

/// Takes in a payload whose size was announced, in memory that grows as bytes really come, and becomes the shared bytes without another copy.
struct PayloadBuffer: ~Copyable {
    /// A peer that announces much and sends little costs no more than this.
    private static let firstStep = 64 * 1024

    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private(set) var count = 0
    private let announced: Int

    init(announced: Int) {
        self.announced = announced
    }

    deinit {
        free(base)
    }

    /// How many bytes are still to come.
    var missing: Int { announced - count }

    /// Memory for the bytes that come next, at least one byte as long as some are missing.
    ///
    /// - Throws: ``PacketError`` when the system has no more memory.
    mutating func space() throws(PacketError) -> UnsafeMutableRawBufferPointer {
        if count == capacity, missing > 0 { try grow(by: 1) }
        guard let base else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        return UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
    }

    /// Counts bytes that were put into `space()`.
    mutating func filled(_ more: Int) {
        count += more
    }

    /// Copies bytes that were read together with what precedes the payload.
    ///
    /// - Throws: ``PacketError`` when the system has no more memory.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(PacketError) {
        if capacity - count < bytes.count { try grow(by: bytes.count) }
        guard let base else { return }
        UnsafeMutableRawBufferPointer(start: base + count, count: bytes.count).copyMemory(from: bytes)
        count += bytes.count
    }

    /// What has come, as shared bytes.
    consuming func finish() -> SharedBytes {
        let bytes = SharedBytes(adopting: base, count: count)
        discard self
        return bytes
    }

    /// Doubles the memory. Beyond some hundred KiB the C library does that by moving pages, not bytes.
    private mutating func grow(by bytes: Int) throws(PacketError) {
        let wanted = min(announced, max(count + bytes, capacity * 2, Self.firstStep))
        guard let grown = realloc(base, wanted) else {
            throw PacketError(.quotaExceeded, "PUBLISH of \(announced) bytes; there is no memory for it")
        }
        base = grown
        capacity = wanted
    }
}
